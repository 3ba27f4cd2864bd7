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
    /// <summary>How many epochs of the history were done before this fit, which resumed them; 0 for a fit that began.</summary>
    public int ResumedEpochs { get; init; }

    /// <summary>The epoch with the lowest watched loss, or with the highest Dice where the options choose by that.</summary>
    public EpochReport Best => History.Last(report => report.IsBest);

    /// <summary>For example "12 epochs (EpochsDone), the best was epoch 7 with the loss 0.412 in validation; its checkpoint is runs/a/best".</summary>
    public override string ToString() => History.Count == 0 || !History.Any(report => report.IsBest) ? $"no epochs ({StopReason})" : string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"{History.Count} epochs ({StopReason}), the best was epoch {Best.Epoch + 1} with the loss {Best.WatchedLoss:0.000} "
            + $"in {(Best.Validation is null ? "training" : "validation")}"
            + $"{(Best.ValidationDice is { } dice ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $" and the mean Dice {dice:0.000}") : "")}"
            + $"{(BestCheckpoint is null ? "" : $"; its checkpoint is {BestCheckpoint}")}");
}
