namespace KnowledgeDistillation;

/// <summary>What happened in one epoch.</summary>
/// <param name="Epoch">Number of the epoch, from 0.</param>
/// <param name="LearningRate">The learning rate in force.</param>
/// <param name="Training">The objective over the training cases, while the weights changed.</param>
/// <param name="Validation">The objective over the validation cases after the epoch; null where there are none.</param>
/// <param name="IsBest">Whether no earlier epoch had a lower <see cref="WatchedLoss"/>.</param>
/// <param name="Seconds">How long the epoch took.</param>
/// <param name="GradientShares">Each term's share of the gradient at the first step of the epoch, where it was asked for.</param>
public sealed record EpochReport(
    int Epoch,
    double LearningRate,
    LossReport Training,
    LossReport? Validation,
    bool IsBest,
    double Seconds,
    IReadOnlyDictionary<string, double>? GradientShares)
{
    /// <summary>
    /// The loss that decides the learning rate, the best checkpoint and early stopping: that of validation, or of training where there is none.
    /// </summary>
    public double WatchedLoss => (Validation ?? Training).Total;
}
