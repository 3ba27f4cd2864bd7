using System.Text.Json.Serialization;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.KDNet;

/// <summary>The choices that <see cref="BottleneckLoss"/> leaves open.</summary>
public sealed record BottleneckOptions
{
    /// <summary>How features become a distribution. Default softmax over the flattened bottleneck.</summary>
    // Spelled as in the files that were written by earlier versions.
    [JsonPropertyName("Normalisation")]
    public BottleneckNormalization Normalization { get; init; } = BottleneckNormalization.Softmax;

    /// <summary>Which features are compared: 0 for the bottleneck, 1 for the level above it, and so on. Default 0.</summary>
    public int LevelsAboveBottleneck { get; init; }

    /// <summary>How samples are reduced; the paper sums, the default is the mean.</summary>
    public BatchReduction Reduction { get; init; } = BatchReduction.Mean;

    internal OptionFaults Faults() => new OptionFaults(nameof(BottleneckOptions))
        .Require(Enum.IsDefined(Normalization), $"Normalization has no value {Normalization}.")
        .Require(LevelsAboveBottleneck >= 0, $"LevelsAboveBottleneck must be at least 0, but is {LevelsAboveBottleneck}.")
        .Require(Enum.IsDefined(Reduction), $"Reduction has no value {Reduction}.");
}
