namespace KnowledgeDistillation.Runtime;

/// <summary>Gathers everything that is wrong with a set of options, so that a user sees all faults in one message.</summary>
/// <remarks>A fault is one sentence that names the option, its range and its value: "Epochs must be at least 1, but is 0."</remarks>
/// <param name="options">The name of the options as a whole, which begins the message.</param>
public sealed class OptionFaults(string options)
{
    private readonly List<string> _faults = [];

    /// <summary>Notes a fault unless the condition holds.</summary>
    /// <param name="condition">What must hold.</param>
    /// <param name="fault">What to say where it does not, a sentence with its full stop.</param>
    /// <returns>These faults, for the next condition.</returns>
    public OptionFaults Require(bool condition, string fault)
    {
        if (!condition)
            _faults.Add(fault);
        return this;
    }

    /// <summary>Takes over the faults of options within these options, each named through the property that holds them.</summary>
    /// <param name="property">The name of the property.</param>
    /// <param name="inner">The faults of its value; null where it has none, which is a fault of its own.</param>
    /// <returns>These faults, for the next condition.</returns>
    public OptionFaults Include(string property, OptionFaults? inner)
    {
        if (inner is null)
            _faults.Add($"{property} must be given.");
        else
            _faults.AddRange(inner._faults.Select(fault => $"{property}.{fault}"));
        return this;
    }

    /// <summary>Ends the gathering.</summary>
    /// <exception cref="ArgumentException">There are faults; the message lists all of them.</exception>
    public void ThrowIfAny()
    {
        if (_faults.Count > 0)
            throw new ArgumentException($"{options}: {string.Join(" ", _faults)}");
    }
}
