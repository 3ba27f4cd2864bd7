using System.Text.Json.Serialization;

namespace KnowledgeDistillation.Metrics;

/// <summary>The scores of one region of one case.</summary>
/// <param name="Region">The name of the region, for example "WT".</param>
/// <param name="Overlap">Voxels right and wrong, with precision and with scores under either convention for empty regions.</param>
/// <param name="Surface">Distances between the surfaces in mm.</param>
/// <remarks>Immutable and safe to share between threads.</remarks>
public sealed record RegionScores(string Region, ConfusionCounts Overlap, SurfaceDistances Surface)
{
    /// <summary>Dice similarity, from 0 to 1; 1 where reference and prediction are both empty, 0 where only one is.</summary>
    public double Dice => Overlap.Dice(EmptyRegionConvention.ScoreOne);

    /// <summary>Dice similarity, from 0 to 1; NaN where the reference is empty.</summary>
    public double DiceSkippingEmpty => Overlap.Dice(EmptyRegionConvention.Skip);

    /// <summary>Sensitivity, from 0 to 1; 1 where reference and prediction are both empty, 0 where only one is.</summary>
    public double Sensitivity => Overlap.Sensitivity(EmptyRegionConvention.ScoreOne);

    /// <summary>Specificity, from 0 to 1; NaN where the reference fills the whole grid.</summary>
    public double Specificity => Overlap.Specificity();

    /// <summary>
    /// Predicted over reference volume, at least 0; 1 where both are empty, positive infinity where only the reference is. Dice does not tell a prediction
    /// that is too large from one that is too small; this does.
    /// </summary>
    [JsonIgnore]
    public double VolumeRatio => Overlap.ReferenceVoxels > 0 ? (double)Overlap.PredictionVoxels / Overlap.ReferenceVoxels
        : Overlap.PredictionVoxels == 0 ? 1
        : double.PositiveInfinity;

    /// <summary>The 95th percentile of the Hausdorff distance in mm; positive infinity where only one of the masks is empty, NaN where both are.</summary>
    public double HausdorffDistance95 => Surface.HausdorffDistance95;

    /// <summary>The average symmetric surface distance in mm; positive infinity where only one of the masks is empty, NaN where both are.</summary>
    public double AverageSymmetricSurfaceDistance => Surface.AverageSymmetricSurfaceDistance;

    /// <summary>Scores a predicted mask against that of the reference.</summary>
    /// <param name="region">The name of the region.</param>
    /// <param name="prediction">The predicted region.</param>
    /// <param name="reference">The true region, on the same grid.</param>
    /// <exception cref="ArgumentException">The masks lie on different grids.</exception>
    public static RegionScores Compare(string region, VoxelMask prediction, VoxelMask reference)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(region);
        return new RegionScores(region, ConfusionCounts.Between(prediction, reference), SurfaceDistances.Between(prediction, reference));
    }
}
