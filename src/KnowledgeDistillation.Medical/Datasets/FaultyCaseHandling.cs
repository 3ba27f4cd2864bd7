namespace KnowledgeDistillation.Medical.Datasets;

/// <summary>What to do about a case that cannot be used.</summary>
public enum FaultyCaseHandling
{
    /// <summary>Stop with an exception that lists all such cases.</summary>
    Stop,

    /// <summary>Leave such cases out; <see cref="MedicalDataset.Faults"/> lists them.</summary>
    Skip,
}
