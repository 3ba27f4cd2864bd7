using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Medical.Datasets;

/// <summary>
/// Training on random patches of cases instead of whole ones, as nnU-Net and MONAI do: a network learns at full resolution, and its memory does not grow with
/// the images. Immutable.
/// </summary>
public sealed record PatchSampling
{
    /// <summary>The size of a patch in voxels of the prepared case. Where a case is smaller, it is padded with zeros on both sides.</summary>
    public required VolumeSize Size { get; init; }

    /// <summary>
    /// The share of the patches, 0 to 1, whose center is a voxel that is not background: of a class drawn at random among those of the case, then of that class
    /// at random. The others lie anywhere. Patches do not reach beyond a case that is large enough. Default 1/3, as in nnU-Net.
    /// </summary>
    public double ForegroundShare { get; init; } = 1.0 / 3;

    /// <summary>How many patches of each case make an epoch, at least 1. Default 1.</summary>
    public int PatchesPerCase { get; init; } = 1;

    internal void Validate() => new OptionFaults(nameof(PatchSampling))
        .Require(
            Size.X >= 1 && Size.Y >= 1 && Size.Z >= 1 && (Int128)Size.X * Size.Y * Size.Z <= Array.MaxLength,
            $"{nameof(Size)} must be at least 1 along each axis and fit an array, but is {Size}.")
        .Require(ForegroundShare is >= 0 and <= 1, $"{nameof(ForegroundShare)} must be from 0 to 1, but is {ForegroundShare}.")
        .Require(PatchesPerCase >= 1, $"{nameof(PatchesPerCase)} must be at least 1, but is {PatchesPerCase}.")
        .ThrowIfAny();
}
