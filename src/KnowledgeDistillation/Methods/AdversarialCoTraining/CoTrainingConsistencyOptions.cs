using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.AdversarialCoTraining;

/// <summary>The choices that <see cref="CoTrainingConsistencyLoss"/> leaves open.</summary>
public sealed record CoTrainingConsistencyOptions
{
    /// <summary>How the probabilities of a voxel are compared. Default <see cref="ConsistencyDistance.SquaredError"/>, as the authors' scripts do.</summary>
    public ConsistencyDistance Distance { get; init; }

    /// <summary>How samples are reduced. Default <see cref="BatchReduction.Mean"/>.</summary>
    public BatchReduction Reduction { get; init; } = BatchReduction.Mean;

    internal OptionFaults Faults() => new OptionFaults(nameof(CoTrainingConsistencyOptions))
        .Require(Enum.IsDefined(Distance), $"Distance has no value {Distance}.")
        .Require(Enum.IsDefined(Reduction), $"Reduction has no value {Reduction}.");
}
