namespace KnowledgeDistillation;

/// <summary>Gathers everything that is wrong with a set of options, so that a user sees all faults in one message.</summary>
internal sealed class OptionFaults(string options)
{
    private readonly List<string> _faults = [];

    /// <summary>Notes a fault unless the condition holds.</summary>
    public OptionFaults Require(bool condition, string fault)
    {
        if (!condition)
            _faults.Add(fault);
        return this;
    }

    /// <summary>Throws an <see cref="ArgumentException"/> that lists the faults, if there are any.</summary>
    public void ThrowIfAny()
    {
        if (_faults.Count > 0)
            throw new ArgumentException($"{options}: {string.Join(" ", _faults)}");
    }
}
