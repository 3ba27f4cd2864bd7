using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.AdversarialCoTraining;

/// <summary>The choices that <see cref="EntropyAdversarialLoss"/> leaves open.</summary>
public sealed record EntropyAdversarialOptions
{
    /// <summary>Number of channels after the critic's first convolution, doubled by each further one but the last; at least 1. Default 64.</summary>
    public int Width { get; init; } = 64;

    /// <summary>
    /// Number of convolutions of stride 2, the last of which gives the verdicts; 1 to 8. Default 5, as published; they are of size 3 here and of size 4 there,
    /// which volumes of less than 32 voxels would not fit.
    /// </summary>
    public int StridedConvolutions { get; init; } = 5;

    /// <summary>The critic's learning rate, above 0. Default 1e-4, as published.</summary>
    public double LearningRate { get; init; } = 1e-4;

    internal OptionFaults Faults() => new OptionFaults(nameof(EntropyAdversarialOptions))
        .Require(Width is >= 1 and <= 1024, $"Width must be from 1 to 1024, but is {Width}.")
        .Require(StridedConvolutions is >= 1 and <= 8, $"StridedConvolutions must be from 1 to 8, but is {StridedConvolutions}.")
        .Require(LearningRate > 0 && double.IsFinite(LearningRate), $"LearningRate must be above 0, but is {LearningRate}.");
}
