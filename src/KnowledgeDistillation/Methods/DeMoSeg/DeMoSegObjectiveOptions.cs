using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.DeMoSeg;

/// <summary>The weights of DeMoSeg's objective. Defaults are those of Yang et al. (2024) but for that of substitutes.</summary>
public sealed record DeMoSegObjectiveOptions
{
    /// <summary>How each segmentation is compared. Default: cross-entropy + Dice over the classes without background, linear denominator.</summary>
    public AuxiliarySegmentationOptions Segmentation { get; init; } = new() { Balanced = false, Dice = new SoftDiceOptions() };

    /// <summary>
    /// The weight of the segmentations of deeper levels together, at least 0, of which each counts half of the one above. Default 0.875:
    /// with six levels 1/2, 1/4 and 1/8, as published.
    /// </summary>
    public double LevelWeight { get; init; } = 0.875;

    /// <summary>The weight of the substitutes, at least 0. Default 0.1; the published code has no such term.</summary>
    public double SubstituteWeight { get; init; } = 0.1;

    internal OptionFaults Faults() => new OptionFaults(nameof(DeMoSegObjectiveOptions))
        .Include(nameof(Segmentation), Segmentation?.Faults())
        .Require(LevelWeight >= 0 && double.IsFinite(LevelWeight), $"LevelWeight must be at least 0, but is {LevelWeight}.")
        .Require(SubstituteWeight >= 0 && double.IsFinite(SubstituteWeight), $"SubstituteWeight must be at least 0, but is {SubstituteWeight}.");
}
