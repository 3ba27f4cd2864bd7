using System.Numerics;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>Voxels of an image to normalized voxels of the subsampled crop.</summary>
internal static class ImagePreparation
{
    private delegate void RowAction(Span<float> row);

    /// <summary>Voxels that are 0 are background and stay 0.</summary>
    public static float[] Subsample(OrientedVoxels voxels, PreprocessingGeometry geometry, ImageStatistics statistics)
    {
        (float center, float scale) = ((float)statistics.Mean, (float)(1 / statistics.Deviation));
        return Subsample(voxels, geometry, row => Normalize(row, center, scale));
    }

    /// <summary>Voxels that are 0 are voxels like any other.</summary>
    public static float[] Subsample(OrientedVoxels voxels, PreprocessingGeometry geometry, Normalization normalization)
    {
        (float center, float scale) = normalization.Of(voxels);
        (float lower, float upper) = normalization.Kind == NormalizationKind.Ct
            ? ((float)normalization.Lower, (float)normalization.Upper)
            : (float.NegativeInfinity, float.PositiveInfinity);
        return Subsample(voxels, geometry, row =>
        {
            foreach (ref float value in row)
                value = (Math.Clamp(value, lower, upper) - center) * scale;
        });
    }

    private static float[] Subsample(OrientedVoxels voxels, PreprocessingGeometry geometry, RowAction normalize)
    {
        // Normalized first, so that statistics are those of measured values and background does not mix with tissue before.
        if (geometry.Resampling is { } change)
            return Blocks(OrientedVoxels.Of(change.Values(Whole(voxels, normalize)), change.Target), geometry, _ => { });
        return Blocks(voxels, geometry, normalize);
    }

    private static float[] Blocks(OrientedVoxels voxels, PreprocessingGeometry geometry, RowAction normalize)
    {
        (VolumeSize size, VolumeGrid grid, int factor) = (geometry.Size, voxels.Grid, geometry.SubsamplingFactor);
        float[] result = new float[size.VoxelCount];

        // A row of the crop; what lies beyond the volume stays 0.
        float[] row = new float[size.X * factor];
        int fromX = Math.Max(0, geometry.CropOffset.X), toX = Math.Min(grid.Size.X, geometry.CropOffset.X + row.Length);
        Span<float> inside = fromX < toX ? row.AsSpan(fromX - geometry.CropOffset.X, toX - fromX) : [];
        for (int z = 0; z < size.Z; z++)
        {
            (int fromZ, int toZ) = Block(z, geometry.CropOffset.Z, factor, grid.Size.Z);
            for (int y = 0; y < size.Y; y++)
            {
                (int fromY, int toY) = Block(y, geometry.CropOffset.Y, factor, grid.Size.Y);
                Span<float> target = result.AsSpan(size.X * (y + (size.Y * z)), size.X);
                for (int k = fromZ; k < toZ; k++)
                {
                    for (int j = fromY; j < toY; j++)
                    {
                        voxels.ReadRow(j, k, fromX, inside);
                        normalize(inside);
                        AddBlocks(row, target, factor);
                    }
                }
            }
        }

        float share = 1f / (factor * factor * factor);
        for (int i = 0; i < result.Length; i++)
            result[i] *= share;
        return result;
    }

    private static float[] Whole(OrientedVoxels voxels, RowAction normalize)
    {
        VolumeSize size = voxels.Grid.Size;
        float[] result = new float[size.VoxelCount];
        for (int line = 0; line < size.Y * size.Z; line++)
        {
            Span<float> row = result.AsSpan(line * size.X, size.X);
            voxels.ReadRow(line % size.Y, line / size.Y, 0, row);
            normalize(row);
        }

        return result;
    }

    /// <summary>The voxels of a block that lie in the volume; those outside are padding and count as 0.</summary>
    private static (int From, int To) Block(int index, int offset, int factor, int size)
    {
        int from = offset + (index * factor);
        return (Math.Max(0, from), Math.Min(size, from + factor));
    }

    // Background stays 0.
    private static void Normalize(Span<float> row, float center, float scale)
    {
        (Vector<float> centers, Vector<float> scales) = (new(center), new(scale));
        int i = 0;
        for (; i <= row.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            var values = new Vector<float>(row[i..]);
            Vector.ConditionalSelect(Vector.Equals(values, Vector<float>.Zero), Vector<float>.Zero, (values - centers) * scales).CopyTo(row[i..]);
        }

        for (; i < row.Length; i++)
            row[i] = row[i] == 0 ? 0 : (row[i] - center) * scale;
    }

    private static void AddBlocks(ReadOnlySpan<float> row, Span<float> target, int factor)
    {
        if (factor == 2)
        {
            row = row[..(2 * target.Length)];
            for (int x = 0; x < target.Length; x++)
                target[x] = target[x] + row[2 * x] + row[(2 * x) + 1];
            return;
        }

        for (int x = 0; x < target.Length; x++)
        {
            foreach (float value in row.Slice(x * factor, factor))
                target[x] += value;
        }
    }
}
