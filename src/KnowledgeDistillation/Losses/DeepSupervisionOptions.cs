using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Losses;

/// <summary>How the segmentations of several levels are compared with the reference.</summary>
public sealed record DeepSupervisionOptions
{
    /// <summary>How each segmentation is compared. Default: balanced cross-entropy + Dice.</summary>
    public AuxiliarySegmentationOptions Segmentation { get; init; } = new();

    /// <summary>In which resolution. Default: that of the images.</summary>
    public SupervisionGrid Grid { get; init; } = SupervisionGrid.Image;

    /// <summary>The weight of a level over that of the level above it, above 0 and at most 1. Default 1: all levels count the same.</summary>
    public double Decay { get; init; } = 1;

    internal OptionFaults Faults() => new OptionFaults(nameof(DeepSupervisionOptions))
        .Include(nameof(Segmentation), Segmentation?.Faults())
        .Require(Enum.IsDefined(Grid), $"Grid has no value {Grid}.")
        .Require(Decay is > 0 and <= 1, $"Decay must be above 0 and at most 1, but is {Decay}.");
}
