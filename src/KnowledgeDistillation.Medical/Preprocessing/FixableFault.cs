namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>How messages name the option that mends what they are about, so that a program can put its own name of the option there.</summary>
internal static class FixableFault
{
    /// <summary>For example "set NaNIsZero".</summary>
    public static string Set(string option) => $"set {option}";
}
