using System.Text.Json.Serialization;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.Consistency;

/// <summary>The choices that <see cref="FirstOrderConsistencyLoss"/> leaves open.</summary>
public sealed record FirstOrderConsistencyOptions
{
    /// <summary>Which voxels are compared. Default <see cref="Neighborhood.Corners"/>: 26 in volumes, and 8 in slices as in the paper.</summary>
    // Spelled as in the files that were written by earlier versions.
    [JsonPropertyName("Neighbourhood")]
    public Neighborhood Neighborhood { get; init; } = Neighborhood.Corners;

    /// <summary>How samples are reduced. Default <see cref="BatchReduction.Mean"/>.</summary>
    public BatchReduction Reduction { get; init; } = BatchReduction.Mean;

    internal OptionFaults Faults() => new OptionFaults(nameof(FirstOrderConsistencyOptions))
        .Require(Enum.IsDefined(Neighborhood), $"Neighborhood has no value {Neighborhood}.")
        .Require(Enum.IsDefined(Reduction), $"Reduction has no value {Reduction}.");
}
