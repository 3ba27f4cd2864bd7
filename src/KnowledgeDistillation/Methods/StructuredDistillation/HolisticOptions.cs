using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.StructuredDistillation;

/// <summary>The choices that <see cref="HolisticLoss"/> leaves open.</summary>
public sealed record HolisticOptions
{
    /// <summary>3 for volumes, 2 for slices. Default 3.</summary>
    public int SpatialDimensions { get; init; } = 3;

    /// <summary>Number of channels after the critic's first convolution, doubled by each further one; at least 1. Default 16.</summary>
    public int Width { get; init; } = 16;

    /// <summary>
    /// Number of convolutions of size 3 and stride 2, at least 1; one of size 1 follows. Default 4, which makes the paper's five and looks 31 voxels far.
    /// </summary>
    public int StridedConvolutions { get; init; } = 4;

    /// <summary>The critic's learning rate, above 0, with Adam (β₁ = 0, β₂ = 0.9), as Gulrajani et al. 2017 use it. Default 1e-4.</summary>
    public double LearningRate { get; init; } = 1e-4;

    /// <summary>The weight of the gradient penalty, at least 0. Default 10 (Gulrajani et al. 2017).</summary>
    public double GradientPenalty { get; init; } = 10;

    internal OptionFaults Faults() => new OptionFaults(nameof(HolisticOptions))
        .Require(SpatialDimensions is 2 or 3, $"SpatialDimensions must be 2 or 3, but is {SpatialDimensions}.")
        .Require(Width >= 1, $"Width must be at least 1, but is {Width}.")
        .Require(StridedConvolutions >= 1, $"StridedConvolutions must be at least 1, but is {StridedConvolutions}.")
        .Require(LearningRate > 0 && double.IsFinite(LearningRate), $"LearningRate must be above 0, but is {LearningRate}.")
        .Require(GradientPenalty >= 0 && double.IsFinite(GradientPenalty), $"GradientPenalty must be at least 0, but is {GradientPenalty}.");
}
