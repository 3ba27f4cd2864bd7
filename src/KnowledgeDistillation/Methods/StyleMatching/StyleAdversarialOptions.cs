using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.StyleMatching;

/// <summary>The choices that <see cref="StyleAdversarialLoss"/> leaves open.</summary>
public sealed record StyleAdversarialOptions
{
    /// <summary>
    /// From how many levels of the encoder the style is taken, the bottleneck included, at least 1; from all where there are fewer. Default 3, as published.
    /// </summary>
    public int DeepestLevels { get; init; } = 3;

    /// <summary>Number of channels after the critic's first convolution, doubled by each further one; at least 1. Default 64, as published.</summary>
    public int Width { get; init; } = 64;

    /// <summary>Number of convolutions of stride 2, from 1 to 8; one of stride 1 gives the verdicts. Default 3, as published.</summary>
    public int StridedConvolutions { get; init; } = 3;

    /// <summary>The critic's learning rate, above 0. Default 1e-4, as published.</summary>
    public double LearningRate { get; init; } = 1e-4;

    internal OptionFaults Faults() => new OptionFaults(nameof(StyleAdversarialOptions))
        .Require(DeepestLevels >= 1, $"DeepestLevels must be at least 1, but is {DeepestLevels}.")
        .Require(Width is >= 1 and <= 1024, $"Width must be from 1 to 1024, but is {Width}.")
        .Require(StridedConvolutions is >= 1 and <= 8, $"StridedConvolutions must be from 1 to 8, but is {StridedConvolutions}.")
        .Require(LearningRate > 0 && double.IsFinite(LearningRate), $"LearningRate must be above 0, but is {LearningRate}.");
}
