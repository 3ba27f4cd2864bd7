namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>Reports all faults of an options record in one message.</summary>
internal static class OptionFaults
{
    public static void ThrowIfAny(string options, IReadOnlyCollection<string> faults)
    {
        if (faults.Count > 0)
            throw new ArgumentException($"{options}: {string.Join("; ", faults)}.");
    }
}
