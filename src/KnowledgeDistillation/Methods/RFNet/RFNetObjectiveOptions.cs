using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.RFNet;

/// <summary>The weights of RFNet's objective. Defaults are those of Ding et al. (2021).</summary>
public sealed record RFNetObjectiveOptions
{
    /// <summary>How each segmentation is compared. Default: balanced cross-entropy + Dice over all classes with background, linear denominator.</summary>
    public AuxiliarySegmentationOptions Segmentation { get; init; } = new();

    /// <summary>
    /// The weight of the segmentations from single modalities, at least 0. Default 4: the published 1 for each of four modalities,
    /// over which <see cref="ModalitySegmentationLoss"/> averages.
    /// </summary>
    public double ModalityWeight { get; init; } = 4;

    /// <summary>
    /// The weight of the probability maps, at least 0. Default 4: the published 1 for each of four levels,
    /// over which <see cref="DeepSupervisionLoss"/> averages.
    /// </summary>
    public double MapWeight { get; init; } = 4;

    internal OptionFaults Faults() => new OptionFaults(nameof(RFNetObjectiveOptions))
        .Include(nameof(Segmentation), Segmentation?.Faults())
        .Require(ModalityWeight >= 0 && double.IsFinite(ModalityWeight), $"ModalityWeight must be at least 0, but is {ModalityWeight}.")
        .Require(MapWeight >= 0 && double.IsFinite(MapWeight), $"MapWeight must be at least 0, but is {MapWeight}.");
}
