using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.AdversarialCoTraining;

/// <summary>The choices that <see cref="KnowledgeAdversarialLoss"/> leaves open.</summary>
public sealed record KnowledgeAdversarialOptions
{
    /// <summary>Which features the critic sees: 0 for the bottleneck, 1 for the level above it, and so on. Default 0.</summary>
    public int LevelsAboveBottleneck { get; init; }

    /// <summary>
    /// Number of channels after the critic's first convolution, doubled by the second; a third, of stride 2, gives the verdicts. At least 1.
    /// Default 256, as published.
    /// </summary>
    public int Width { get; init; } = 256;

    /// <summary>The critic's learning rate, above 0. Default 1e-4, as published.</summary>
    public double LearningRate { get; init; } = 1e-4;

    internal OptionFaults Faults() => new OptionFaults(nameof(KnowledgeAdversarialOptions))
        .Require(LevelsAboveBottleneck >= 0, $"LevelsAboveBottleneck must be at least 0, but is {LevelsAboveBottleneck}.")
        .Require(Width is >= 1 and <= 1024, $"Width must be from 1 to 1024, but is {Width}.")
        .Require(LearningRate > 0 && double.IsFinite(LearningRate), $"LearningRate must be above 0, but is {LearningRate}.");
}
