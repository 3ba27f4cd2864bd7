namespace KnowledgeDistillation.Medical.BraTS;

/// <summary>A data set cannot be used as it is.</summary>
public sealed class BraTSDatasetException : Exception
{
    /// <summary>Makes an exception.</summary>
    public BraTSDatasetException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception.</summary>
    public BraTSDatasetException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Makes an exception about cases that cannot be used.</summary>
    public BraTSDatasetException(string message, IReadOnlyList<BraTSCaseFault> faults)
        : base(message) => Faults = faults;

    /// <summary>The cases that cannot be used; empty where the data set as a whole is at fault.</summary>
    public IReadOnlyList<BraTSCaseFault> Faults { get; } = [];
}
