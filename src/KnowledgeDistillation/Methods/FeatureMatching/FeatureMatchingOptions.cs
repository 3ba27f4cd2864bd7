using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.FeatureMatching;

/// <summary>The choices that <see cref="FeatureMatchingLoss"/> and <see cref="AdaptedFeatureMatchingLoss"/> leave open.</summary>
public sealed record FeatureMatchingOptions
{
    /// <summary>Which features are compared: 0 for the bottleneck, 1 for the level above it, and so on. Default 0.</summary>
    public int LevelsAboveBottleneck { get; init; }

    /// <summary>How samples are reduced. Default <see cref="BatchReduction.Mean"/>.</summary>
    public BatchReduction Reduction { get; init; } = BatchReduction.Mean;

    internal OptionFaults Faults() => new OptionFaults(nameof(FeatureMatchingOptions))
        .Require(LevelsAboveBottleneck >= 0, $"LevelsAboveBottleneck must be at least 0, but is {LevelsAboveBottleneck}.")
        .Require(Enum.IsDefined(Reduction), $"Reduction has no value {Reduction}.");
}
