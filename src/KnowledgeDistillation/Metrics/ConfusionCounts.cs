using System.Numerics;
using System.Runtime.InteropServices;

namespace KnowledgeDistillation.Metrics;

/// <summary>How many voxels a prediction has right and wrong for one region, and the overlap scores that follow.</summary>
/// <param name="TruePositives">Voxels in the prediction and in the reference.</param>
/// <param name="FalsePositives">Voxels in the prediction only.</param>
/// <param name="FalseNegatives">Voxels in the reference only.</param>
/// <param name="TrueNegatives">Voxels in neither.</param>
/// <remarks>Counts of several cases may be added to score them as one. Immutable and safe to share between threads.</remarks>
public readonly record struct ConfusionCounts(long TruePositives, long FalsePositives, long FalseNegatives, long TrueNegatives)
{
    /// <summary>Voxels in the prediction.</summary>
    public long PredictionVoxels => TruePositives + FalsePositives;

    /// <summary>Voxels in the reference.</summary>
    public long ReferenceVoxels => TruePositives + FalseNegatives;

    /// <summary>Counts the voxels of a prediction against those of a reference in one pass.</summary>
    /// <exception cref="ArgumentException">The masks lie on different grids.</exception>
    public static ConfusionCounts Between(VoxelMask prediction, VoxelMask reference)
    {
        VoxelMask.RequireSameGrid(prediction, reference);
        ReadOnlySpan<ulong> predicted = MemoryMarshal.Cast<byte, ulong>(prediction.Voxels);
        ReadOnlySpan<ulong> expected = MemoryMarshal.Cast<byte, ulong>(reference.Voxels);
        long both = 0;
        for (int i = 0; i < predicted.Length; i++)
            both += BitOperations.PopCount(predicted[i] & expected[i]);
        for (int i = predicted.Length * sizeof(ulong); i < prediction.VoxelCount; i++)
            both += prediction.Voxels[i] & reference.Voxels[i];
        return new ConfusionCounts(both, prediction.Count - both, reference.Count - both, prediction.VoxelCount - prediction.Count - reference.Count + both);
    }

    /// <summary>Adds the counts of two cases or of two parts of one.</summary>
    public static ConfusionCounts operator +(ConfusionCounts left, ConfusionCounts right) => left.Add(right);

    /// <summary>Adds the counts of another case or of another part of the same one.</summary>
    public ConfusionCounts Add(ConfusionCounts other) => new(
        TruePositives + other.TruePositives,
        FalsePositives + other.FalsePositives,
        FalseNegatives + other.FalseNegatives,
        TrueNegatives + other.TrueNegatives);

    /// <summary>Dice similarity 2·TP / (2·TP + FP + FN), from 0 to 1, or NaN where the region is skipped.</summary>
    /// <param name="convention">What an empty region is worth.</param>
    public double Dice(EmptyRegionConvention convention = EmptyRegionConvention.ScoreOne) =>
        Ratio(2 * TruePositives, PredictionVoxels + ReferenceVoxels, convention);

    /// <summary>Sensitivity (recall) TP / (TP + FN), from 0 to 1, or NaN where the region is skipped.</summary>
    /// <param name="convention">What an empty region is worth.</param>
    public double Sensitivity(EmptyRegionConvention convention = EmptyRegionConvention.ScoreOne) =>
        Ratio(TruePositives, ReferenceVoxels, convention);

    /// <summary>
    /// Precision (positive predictive value) TP / (TP + FP), from 0 to 1, or NaN where the region is skipped.
    /// 0 where nothing of an existing region is predicted.
    /// </summary>
    /// <param name="convention">What an empty region is worth.</param>
    public double Precision(EmptyRegionConvention convention = EmptyRegionConvention.ScoreOne) =>
        Ratio(TruePositives, PredictionVoxels, convention);

    /// <summary>Specificity TN / (TN + FP), from 0 to 1. NaN where the reference fills the whole grid and leaves no negative voxel.</summary>
    public double Specificity() => TrueNegatives + FalsePositives == 0 ? double.NaN : (double)TrueNegatives / (TrueNegatives + FalsePositives);

    private double Ratio(long numerator, long denominator, EmptyRegionConvention convention)
    {
        if (ReferenceVoxels == 0)
        {
            return convention switch
            {
                EmptyRegionConvention.ScoreOne => PredictionVoxels == 0 ? 1 : 0,
                EmptyRegionConvention.Skip => double.NaN,
                _ => throw new ArgumentOutOfRangeException(nameof(convention), convention, "There is no such convention for empty regions."),
            };
        }
        return denominator == 0 ? 0 : (double)numerator / denominator;
    }
}
