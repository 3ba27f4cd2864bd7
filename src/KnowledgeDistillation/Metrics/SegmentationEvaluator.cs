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
    /// <param name="prediction">The predicted class of each voxel, x fastest (a C-order tensor [Z, Y, X] = [D, H, W]).</param>
    /// <param name="reference">The true class of each voxel, in the same order.</param>
    /// <param name="sizeX">Number of voxels along x.</param>
    /// <param name="sizeY">Number of voxels along y.</param>
    /// <param name="sizeZ">Number of voxels along z.</param>
    /// <param name="spacing">Size of a voxel in mm.</param>
    /// <param name="regions">The regions to score, each a union of the classes that occur in the two maps.</param>
    /// <returns>One result a region, in the order given.</returns>
    /// <exception cref="ArgumentException">A map does not have sizeX·sizeY·sizeZ voxels, or a size or spacing is out of range.</exception>
    public static IReadOnlyList<RegionScores> Evaluate(
        ReadOnlySpan<int> prediction,
        ReadOnlySpan<int> reference,
        int sizeX,
        int sizeY,
        int sizeZ,
        Spacing spacing,
        IReadOnlyList<Region> regions)
    {
        ArgumentNullException.ThrowIfNull(regions);
        var scores = new RegionScores[regions.Count];
        for (int i = 0; i < scores.Length; i++)
        {
            int[] classes = [.. regions[i].Classes];
            scores[i] = RegionScores.Compare(
                regions[i].Name,
                VoxelMask.FromLabels(prediction, sizeX, sizeY, sizeZ, spacing, classes),
                VoxelMask.FromLabels(reference, sizeX, sizeY, sizeZ, spacing, classes));
        }
        return scores;
    }
}
