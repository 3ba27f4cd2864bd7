using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.StyleMatching;

/// <summary>The choices that <see cref="ContentMatchingLoss"/> leaves open.</summary>
public sealed record ContentMatchingOptions
{
    /// <summary>Which features are the content: 0 for the bottleneck, 1 for the level above it, and so on. Default 0.</summary>
    public int LevelsAboveBottleneck { get; init; }

    /// <summary>How samples are reduced. Default <see cref="BatchReduction.Mean"/>.</summary>
    public BatchReduction Reduction { get; init; } = BatchReduction.Mean;

    internal OptionFaults Faults() => new OptionFaults(nameof(ContentMatchingOptions))
        .Require(LevelsAboveBottleneck >= 0, $"LevelsAboveBottleneck must be at least 0, but is {LevelsAboveBottleneck}.")
        .Require(Enum.IsDefined(Reduction), $"Reduction has no value {Reduction}.");
}
