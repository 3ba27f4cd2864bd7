namespace KnowledgeDistillation.Medical.Datasets;

/// <summary>A data set cannot be used as it is.</summary>
public sealed class MedicalDatasetException : Exception
{
    /// <summary>Makes an exception.</summary>
    public MedicalDatasetException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception.</summary>
    public MedicalDatasetException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Makes an exception about cases that cannot be used.</summary>
    public MedicalDatasetException(string message, IReadOnlyList<CaseFault> faults)
        : base(message) => Faults = faults;

    /// <summary>The cases that cannot be used; empty where the data set as a whole is at fault.</summary>
    public IReadOnlyList<CaseFault> Faults { get; } = [];
}
