using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Inference;

/// <summary>How <see cref="SlidingWindowInference"/> walks over the images.</summary>
public sealed record SlidingWindowOptions
{
    /// <summary>Spatial size of a window, one length per axis, for example [64, 64, 64]; each must fit the network.</summary>
    public required IReadOnlyList<long> WindowSize { get; init; }

    /// <summary>The share of a window that the next one covers again, from 0 to below 1. Default 0.5.</summary>
    public double Overlap { get; init; } = 0.5;

    /// <summary>Standard deviation of the Gaussian that weighs a window's voxels, as a share of its length, above 0. Default 1/8, as in nnU-Net.</summary>
    public double GaussianWidth { get; init; } = 0.125;

    /// <summary>
    /// Whether windows in which all images are 0 (the air around a head whose images were set to 0 there) are answered without the network:
    /// certainly background, which is class 0 of <see cref="Labels.ExclusiveClasses"/> and no region of <see cref="Labels.OverlappingRegions"/>.
    /// That answer is blended with those of overlapping windows as the network's would be. Default no: a network may find something even in an empty window.
    /// </summary>
    public bool SkipBackground { get; init; }

    /// <summary>
    /// The element type in which the network computes. Default <see cref="Precision.Full"/>; <see cref="TorchRuntime.FastestPrecision"/> says which is fastest.
    /// </summary>
    public Precision Precision { get; init; } = Precision.Full;

    internal void Validate() => Faults().ThrowIfAny();

    internal OptionFaults Faults() => new OptionFaults(nameof(SlidingWindowOptions))
        .Require(WindowSize is { Count: > 0 } && WindowSize.All(length => length >= 1), "WindowSize must give at least one length, each at least 1.")
        .Require(Overlap is >= 0 and < 1, $"Overlap must be from 0 to below 1, but is {Overlap}.")
        .Require(GaussianWidth > 0 && double.IsFinite(GaussianWidth), $"GaussianWidth must be above 0, but is {GaussianWidth}.")
        .Require(Enum.IsDefined(Precision), $"Precision has no value {Precision}.");
}
