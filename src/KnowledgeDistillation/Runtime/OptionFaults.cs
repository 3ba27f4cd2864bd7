namespace KnowledgeDistillation.Runtime;

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

    /// <summary>Takes over the faults of options within these options, each named through the property that holds them.</summary>
    public OptionFaults Include(string property, OptionFaults? inner)
    {
        if (inner is null)
            _faults.Add($"{property} must be given.");
        else
            _faults.AddRange(inner._faults.Select(fault => $"{property}.{fault}"));
        return this;
    }

    /// <summary>Throws an <see cref="ArgumentException"/> that lists the faults, if there are any.</summary>
    public void ThrowIfAny()
    {
        if (_faults.Count > 0)
            throw new ArgumentException($"{options}: {string.Join(" ", _faults)}");
    }
}
