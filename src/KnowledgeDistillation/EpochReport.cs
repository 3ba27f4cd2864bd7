using System.Text.Json.Serialization;

namespace KnowledgeDistillation;

/// <summary>What happened in one epoch.</summary>
/// <param name="Epoch">Number of the epoch, from 0.</param>
/// <param name="LearningRate">The learning rate in force.</param>
/// <param name="Training">The objective over the training cases, while the weights changed.</param>
/// <param name="Validation">The objective over the validation cases after the epoch; null where there are none.</param>
/// <param name="IsBest">
/// Whether it is better than all earlier epochs: by its <see cref="WatchedLoss"/>, or by its <see cref="ValidationDice"/> where the options choose by that.
/// </param>
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
    /// The mean Dice of the regions over the validation cases, from 0 to 1, of masks as the network would give them out; null where the best epoch is not
    /// chosen by it, and in an epoch in which whole cases were not measured (<see cref="Training.CaseValidation.Every"/>).
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? ValidationDice { get; init; }

    /// <summary>
    /// The loss that decides the learning rate, and the best epoch where it is chosen by the loss: that of validation, or of training where there is none.
    /// </summary>
    public double WatchedLoss => (Validation ?? Training).Total;
}
