using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.StyleMatching;

/// <summary>The choices that <see cref="StyleMatchingLoss"/> leaves open.</summary>
public sealed record StyleMatchingOptions
{
    /// <summary>
    /// From how many levels of the encoder the style is taken, the bottleneck included, at least 1; from all where there are fewer. Default 3, as published.
    /// </summary>
    public int DeepestLevels { get; init; } = 3;

    /// <summary>How samples are reduced. Default <see cref="BatchReduction.Mean"/>.</summary>
    public BatchReduction Reduction { get; init; } = BatchReduction.Mean;

    internal OptionFaults Faults() => new OptionFaults(nameof(StyleMatchingOptions))
        .Require(DeepestLevels >= 1, $"DeepestLevels must be at least 1, but is {DeepestLevels}.")
        .Require(Enum.IsDefined(Reduction), $"Reduction has no value {Reduction}.");
}
