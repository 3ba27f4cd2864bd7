using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Losses;

/// <summary>How a segmentation besides that of the last convolution is compared with the reference: by cross-entropy + Dice.</summary>
public sealed record AuxiliarySegmentationOptions
{
    /// <summary>Whether rare classes count more in the cross-entropy, as in <see cref="BalancedCrossEntropyLoss"/>. Default yes.</summary>
    public bool Balanced { get; init; } = true;

    /// <summary>Details of the Dice term. Default: all classes with background, linear denominator, smooth 1e-5.</summary>
    public SoftDiceOptions Dice { get; init; } = new() { IncludeBackground = true };

    internal OptionFaults Faults() => new OptionFaults(nameof(AuxiliarySegmentationOptions)).Include(nameof(Dice), Dice?.Faults());
}
