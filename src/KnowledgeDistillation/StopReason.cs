namespace KnowledgeDistillation;

/// <summary>Why a fit ended.</summary>
public enum StopReason
{
    /// <summary>All epochs are done.</summary>
    EpochsDone,

    /// <summary>The watched loss did not improve for <see cref="Training.TrainingOptions.EarlyStoppingPatience"/> epochs.</summary>
    StoppedEarly,
}
