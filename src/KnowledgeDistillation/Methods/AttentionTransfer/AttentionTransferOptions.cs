using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.AttentionTransfer;

/// <summary>The choices that <see cref="AttentionTransferLoss"/> leaves open.</summary>
public sealed record AttentionTransferOptions
{
    /// <summary>
    /// The power p of the features in an attention map, at least 1; the higher, the more the strongest channels count. Default 2, the paper's.
    /// </summary>
    public double Power { get; init; } = 2;

    /// <summary>How many levels are compared, counted from the bottleneck upwards, at least 1; null for all. Default null.</summary>
    public int? DeepestLevels { get; init; }

    /// <summary>How samples are reduced. Default <see cref="BatchReduction.Mean"/>.</summary>
    public BatchReduction Reduction { get; init; } = BatchReduction.Mean;

    internal OptionFaults Faults() => new OptionFaults(nameof(AttentionTransferOptions))
        .Require(Power >= 1 && double.IsFinite(Power), $"Power must be at least 1, but is {Power}.")
        .Require(DeepestLevels is null or >= 1, $"DeepestLevels must be at least 1 or null, but is {DeepestLevels}.")
        .Require(Enum.IsDefined(Reduction), $"Reduction has no value {Reduction}.");
}
