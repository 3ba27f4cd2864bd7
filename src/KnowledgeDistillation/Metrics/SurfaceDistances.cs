using System.Numerics;
using System.Runtime.InteropServices;
using System.Text.Json.Serialization;

namespace KnowledgeDistillation.Metrics;

/// <summary>
/// How far the surfaces of a predicted and of a reference region lie apart, in mm. The surface of a region is the region minus its erosion
/// by the six face neighbors, voxels outside the grid counting as background. A directed distance is that from a voxel of one
/// surface to the nearest voxel of the other.
/// </summary>
/// <remarks>
/// All distances are positive infinity where only one of the regions is empty and NaN where both are. Percentiles are interpolated
/// linearly between the two nearest ranks, as numpy does by default. System.Text.Json writes and reads it (infinity and NaN need
/// <c>AllowNamedFloatingPointLiterals</c>). Immutable and safe to share between threads.
/// </remarks>
public sealed record SurfaceDistances
{
    [JsonConstructor]
    private SurfaceDistances()
        : this(0)
    {
    }

    private SurfaceDistances(double withoutSurface) =>
        (PredictionToReference95, ReferenceToPrediction95, HausdorffDistance, AverageSurfaceDistance, AverageSymmetricSurfaceDistance)
            = (withoutSurface, withoutSurface, withoutSurface, withoutSurface, withoutSurface);

    /// <summary>The 95th percentile of the Hausdorff distance (HD95): the larger of the two directed 95th percentiles.</summary>
    public double HausdorffDistance95 => Math.Max(PredictionToReference95, ReferenceToPrediction95);

    /// <summary>The 95th percentile of the distances from the predicted surface to that of the reference.</summary>
    [JsonInclude]
    public double PredictionToReference95 { get; private init; }

    /// <summary>The 95th percentile of the distances from the surface of the reference to the predicted one.</summary>
    [JsonInclude]
    public double ReferenceToPrediction95 { get; private init; }

    /// <summary>The Hausdorff distance (HD100): the largest of all directed distances.</summary>
    [JsonInclude]
    public double HausdorffDistance { get; private init; }

    /// <summary>The average surface distance (ASD): the mean distance from the predicted surface to that of the reference.</summary>
    [JsonInclude]
    public double AverageSurfaceDistance { get; private init; }

    /// <summary>The average symmetric surface distance (ASSD): the mean over the voxels of both surfaces pooled.</summary>
    [JsonInclude]
    public double AverageSymmetricSurfaceDistance { get; private init; }

    /// <summary>Number of voxels of the predicted surface.</summary>
    [JsonInclude]
    public int PredictionSurfaceVoxels { get; private init; }

    /// <summary>Number of voxels of the surface of the reference.</summary>
    [JsonInclude]
    public int ReferenceSurfaceVoxels { get; private init; }

    /// <summary>Measures the distances between the surfaces of two regions.</summary>
    /// <exception cref="ArgumentException">The masks lie on different grids.</exception>
    public static SurfaceDistances Between(VoxelMask prediction, VoxelMask reference)
    {
        VoxelMask.RequireSameGrid(prediction, reference);

        // All surface voxels, and so all nearest ones, lie in the joint bounding box: nothing outside it can matter.
        BoundingBox box = BoundingBox.Of(prediction).Union(BoundingBox.Of(reference));
        byte[] predicted = Surface(prediction, box);
        byte[] expected = Surface(reference, box);
        (int predictedCount, int expectedCount) = (VoxelMask.CountSet(predicted), VoxelMask.CountSet(expected));

        if (predictedCount == 0 || expectedCount == 0)
        {
            return new SurfaceDistances(predictedCount == expectedCount ? double.NaN : double.PositiveInfinity)
            {
                PredictionSurfaceVoxels = predictedCount,
                ReferenceSurfaceVoxels = expectedCount,
            };
        }

        double[] squared = GC.AllocateUninitializedArray<double>(predicted.Length);
        double[] fromPrediction = Directed(predicted, predictedCount, expected, box, prediction.Spacing, squared);
        double[] fromReference = Directed(expected, expectedCount, predicted, box, prediction.Spacing, squared);

        double predictionSum = fromPrediction.Sum();
        double referenceSum = fromReference.Sum();
        double largest = Math.Max(Largest(fromPrediction), Largest(fromReference));
        (double prediction95, double reference95) = (0, 0);
        Parallel.Invoke(
            () => prediction95 = OrderStatistics.PercentileInPlace(fromPrediction, 95),
            () => reference95 = OrderStatistics.PercentileInPlace(fromReference, 95));
        return new SurfaceDistances(0)
        {
            PredictionToReference95 = prediction95,
            ReferenceToPrediction95 = reference95,
            HausdorffDistance = largest,
            AverageSurfaceDistance = predictionSum / predictedCount,
            AverageSymmetricSurfaceDistance = (predictionSum + referenceSum) / ((double)predictedCount + expectedCount),
            PredictionSurfaceVoxels = predictedCount,
            ReferenceSurfaceVoxels = expectedCount,
        };
    }

    // The distance in mm of each voxel of one surface to the nearest voxel of the other, in the order of the voxels.
    private static double[] Directed(byte[] from, int count, byte[] to, BoundingBox box, Spacing spacing, double[] squared)
    {
        EuclideanDistanceTransform.SquaredDistances(to, from, box.Size, spacing, squared);
        double[] distances = new double[count];
        int next = 0;
        for (int i = from.AsSpan().IndexOf((byte)1); next < count; i++)
        {
            // Written whether wanted or not, and overwritten if not: a branch could not be predicted where the mask is fragmented.
            distances[next] = squared[i];
            next += from[i];
        }

        Span<Vector<double>> wide = MemoryMarshal.Cast<double, Vector<double>>(distances.AsSpan());
        for (int i = 0; i < wide.Length; i++)
            wide[i] = Vector.SquareRoot(wide[i]);
        for (int i = wide.Length * Vector<double>.Count; i < distances.Length; i++)
            distances[i] = Math.Sqrt(distances[i]);
        return distances;
    }

    private static double Largest(ReadOnlySpan<double> distances)
    {
        Vector<double> wide = Vector<double>.Zero;
        foreach (Vector<double> values in MemoryMarshal.Cast<double, Vector<double>>(distances))
            wide = Vector.Max(wide, values);
        double largest = 0;
        for (int lane = 0; lane < Vector<double>.Count; lane++)
            largest = Math.Max(largest, wide[lane]);
        foreach (double value in distances[(distances.Length / Vector<double>.Count * Vector<double>.Count)..])
            largest = Math.Max(largest, value);
        return largest;
    }

    // One byte per voxel of the box, 1 on the surface.
    private static byte[] Surface(VoxelMask mask, BoundingBox box)
    {
        byte[] surface = new byte[box.Size.VoxelCount];
        byte[] empty = new byte[box.Size.X];
        byte[] eroded = new byte[box.Size.X];
        for (int z = 0; z < box.Size.Z; z++)
        {
            for (int y = 0; y < box.Size.Y; y++)
            {
                ReadOnlySpan<byte> row = Row(y, z);
                if (!row.Contains((byte)1))
                    continue;
                row.CopyTo(eroded);
                eroded[0] = eroded[^1] = 0;
                And(eroded.AsSpan(1), row[..^1]);
                And(eroded.AsSpan(0, eroded.Length - 1), row[1..]);
                And(eroded, Row(y - 1, z));
                And(eroded, Row(y + 1, z));
                And(eroded, Row(y, z - 1));
                And(eroded, Row(y, z + 1));
                AndNot(row, eroded, surface.AsSpan(box.Size.IndexOf(0, y, z), box.Size.X));
            }
        }
        return surface;

        // The mask has no voxels outside the box, so a row beyond it is background wherever the grid ends.
        ReadOnlySpan<byte> Row(int y, int z) => y < 0 || z < 0 || y >= box.Size.Y || z >= box.Size.Z
            ? empty
            : mask.Voxels.Slice(mask.Size.IndexOf(box.MinX, box.MinY + y, box.MinZ + z), box.Size.X);
    }

    private static void And(Span<byte> target, ReadOnlySpan<byte> other)
    {
        Span<Vector<byte>> wide = MemoryMarshal.Cast<byte, Vector<byte>>(target);
        ReadOnlySpan<Vector<byte>> otherWide = MemoryMarshal.Cast<byte, Vector<byte>>(other);
        for (int i = 0; i < wide.Length; i++)
            wide[i] &= otherWide[i];
        for (int i = wide.Length * Vector<byte>.Count; i < target.Length; i++)
            target[i] &= other[i];
    }

    private static void AndNot(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, Span<byte> result)
    {
        Span<Vector<byte>> wide = MemoryMarshal.Cast<byte, Vector<byte>>(result);
        ReadOnlySpan<Vector<byte>> leftWide = MemoryMarshal.Cast<byte, Vector<byte>>(left);
        ReadOnlySpan<Vector<byte>> rightWide = MemoryMarshal.Cast<byte, Vector<byte>>(right);
        for (int i = 0; i < wide.Length; i++)
            wide[i] = Vector.AndNot(leftWide[i], rightWide[i]);
        for (int i = wide.Length * Vector<byte>.Count; i < result.Length; i++)
            result[i] = (byte)(left[i] & ~right[i]);
    }
}
