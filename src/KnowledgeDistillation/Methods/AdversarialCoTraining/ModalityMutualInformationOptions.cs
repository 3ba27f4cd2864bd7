using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.AdversarialCoTraining;

/// <summary>The choices that <see cref="ModalityMutualInformationLoss"/> leaves open.</summary>
public sealed record ModalityMutualInformationOptions
{
    /// <summary>Which features are compared: 0 for the bottleneck, 1 for the level above it, and so on. Default 0.</summary>
    public int LevelsAboveBottleneck { get; init; }

    /// <summary>The variance of each channel at first, from 1e-4 to 100. Default 5, as published.</summary>
    public double FirstVariance { get; init; } = 5;

    internal OptionFaults Faults() => new OptionFaults(nameof(ModalityMutualInformationOptions))
        .Require(LevelsAboveBottleneck >= 0, $"LevelsAboveBottleneck must be at least 0, but is {LevelsAboveBottleneck}.")
        .Require(FirstVariance is >= 1e-4 and <= 100, $"FirstVariance must be from 1e-4 to 100, but is {FirstVariance}.");
}
