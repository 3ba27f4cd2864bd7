using System.Numerics;

namespace KnowledgeDistillation.Metrics;

/// <summary>Scores a predicted segmentation of one case against its reference, region by region.</summary>
/// <remarks>
/// For a clean-up before scoring, such as dropping a tiny enhancing tumor, make the masks and call <see cref="RegionScores.Compare"/>:
/// <code>RegionScores.Compare("ET", VoxelMask.FromLabels(…).DropIfSmallerThan(500), reference)</code>
/// Safe to call from several threads.
/// </remarks>
public static class SegmentationEvaluator
{
    /// <summary>Scores all regions.</summary>
    /// <typeparam name="T">The type in which classes are stored, for example <see cref="byte"/>; they are read in place.</typeparam>
    /// <param name="prediction">The predicted class of each voxel, x fastest (a C-order tensor [Z, Y, X] = [D, H, W]).</param>
    /// <param name="reference">The true class of each voxel, in the same order.</param>
    /// <param name="size">Number of voxels along each axis.</param>
    /// <param name="spacing">Size of a voxel in mm.</param>
    /// <param name="regions">The regions to score, each a union of the classes that occur in the two maps.</param>
    /// <returns>One result per region, in the order given.</returns>
    /// <exception cref="ArgumentException">A map does not have the number of voxels of the size, or the size or spacing is out of range.</exception>
    public static IReadOnlyList<RegionScores> Evaluate<T>(
        ReadOnlySpan<T> prediction,
        ReadOnlySpan<T> reference,
        VolumeSize size,
        Spacing spacing,
        IReadOnlyList<Region> regions)
        where T : unmanaged, IBinaryInteger<T>
    {
        ArgumentNullException.ThrowIfNull(regions);
        var scores = new RegionScores[regions.Count];
        for (int i = 0; i < scores.Length; i++)
        {
            int[] classes = [.. regions[i].Classes];
            scores[i] = RegionScores.Compare(
                regions[i].Name,
                VoxelMask.FromLabels(prediction, size, spacing, classes),
                VoxelMask.FromLabels(reference, size, spacing, classes));
        }
        return scores;
    }
}
