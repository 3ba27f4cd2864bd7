namespace KnowledgeDistillation;

/// <summary>The outcome of a fit: its history, why it ended, and where its checkpoints are.</summary>
/// <param name="History">Every epoch in order, also those from before it was resumed.</param>
/// <param name="StopReason">Why it ended.</param>
/// <param name="BestCheckpoint">The folder with the weights of the best epoch; null where no output folder was given.</param>
/// <param name="LastCheckpoint">The folder with all that a resume needs; null where no output folder was given.</param>
public sealed record TrainingResult(
    IReadOnlyList<EpochReport> History,
    StopReason StopReason,
    string? BestCheckpoint,
    string? LastCheckpoint)
{
    /// <summary>The epoch with the lowest watched loss.</summary>
    public EpochReport Best => History.Last(report => report.IsBest);
}
