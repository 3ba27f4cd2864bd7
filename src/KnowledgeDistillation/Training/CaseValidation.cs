using KnowledgeDistillation.Inference;

namespace KnowledgeDistillation.Training;

/// <summary>
/// Measures the mean Dice of validation cases as they will be segmented, whole, and not in the pieces from which a network learns: by a sliding window for a
/// network that is trained on patches. Only where the best epoch is chosen by it (<see cref="BestEpochRule.Dice"/>).
/// </summary>
/// <param name="Cases">The cases; a batch for each, with images and labels of the whole case.</param>
/// <param name="Inference">How the network is run over them.</param>
/// <param name="Every">
/// In every so many epochs they are measured, at least 1; beside these always in the first and the last, so that there is a best epoch at any time. Only epochs
/// that are measured can be the best, and only they count for <see cref="TrainingOptions.EarlyStoppingPatience"/>.
/// </param>
public sealed record CaseValidation(IBatchSource Cases, IInference Inference, int Every = 1)
{
    /// <summary>Whether an epoch is measured.</summary>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="epochs">The number of epochs.</param>
    public bool IsDue(int epoch, int epochs) => epoch % Every == 0 || epoch == epochs - 1;

    /// <summary>
    /// For example "every 5 epochs by SliceInference (axis 0, 16 slices at once, precision Full)": what a fit that is resumed must share with the one that it
    /// continues. An inference of your own says of itself by its <see cref="object.ToString"/> what has an influence on its masks.
    /// </summary>
    public override string ToString() => FormattableString.Invariant($"every {Every} epochs by {Inference}");
}
