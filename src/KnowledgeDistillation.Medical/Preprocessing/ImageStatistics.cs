using System.Numerics;
using KnowledgeDistillation.Medical.Volumes;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>Mean and population standard deviation of the voxels that are not 0.</summary>
internal readonly record struct ImageStatistics(long Count, double Mean, double Deviation)
{
    // Sums of a block stay in the cache and within 32 bits.
    private const int Block = 1 << 14;

    public static ImageStatistics Of(OrientedVoxels voxels) => voxels.Int16 is { IsEmpty: false } integers ? OfIntegers(integers) : OfRows(voxels);

    /// <summary>Computed from integer sums, which are not rounded.</summary>
    private static ImageStatistics OfIntegers(ReadOnlySpan<short> voxels)
    {
        (long count, long sum, long squares) = (0, 0, 0);
        while (!voxels.IsEmpty)
        {
            ReadOnlySpan<short> block = voxels[..Math.Min(Block, voxels.Length)];
            count += block.Length - block.Count((short)0);
            (long blockSum, long blockSquares) = Sums(block);
            (sum, squares) = (sum + blockSum, squares + blockSquares);
            voxels = voxels[block.Length..];
        }

        double variance = (double)(((Int128)count * squares) - ((Int128)sum * sum)) / ((double)count * count);
        return new ImageStatistics(count, (double)sum / count, Math.Sqrt(variance));
    }

    private static (long Sum, long Squares) Sums(ReadOnlySpan<short> block)
    {
        Vector<int> sums = Vector<int>.Zero;
        Vector<long> squares = Vector<long>.Zero;
        int i = 0;
        for (; i <= block.Length - Vector<short>.Count; i += Vector<short>.Count)
        {
            Vector.Widen(new Vector<short>(block[i..]), out Vector<int> low, out Vector<int> high);
            sums += low + high;
            Vector.Widen(low * low, out Vector<long> first, out Vector<long> second);
            Vector.Widen(high * high, out Vector<long> third, out Vector<long> fourth);
            squares += first + second + (third + fourth);
        }

        (long sum, long square) = (Vector.Sum(sums), Vector.Sum(squares));
        for (; i < block.Length; i++)
            (sum, square) = (sum + block[i], square + (block[i] * block[i]));
        return (sum, square);
    }

    private static ImageStatistics OfRows(OrientedVoxels voxels)
    {
        double sum = 0, squares = 0;
        long count = 0;
        VolumeGrid grid = voxels.Grid;
        float[] row = new float[grid.Size.X];
        for (int line = 0; line < grid.Size.Y * grid.Size.Z; line++)
        {
            foreach (float value in ReadHead(voxels, line, row))
            {
                if (value == 0)
                    continue;
                sum += value;
                squares += (double)value * value;
                count++;
            }
        }

        if (count == 0 || !double.IsFinite(squares))
            return new ImageStatistics(count, double.NaN, double.NaN);
        double mean = sum / count;
        double variance = 0;
        for (int line = 0; line < grid.Size.Y * grid.Size.Z; line++)
        {
            foreach (float value in ReadHead(voxels, line, row))
            {
                if (value != 0)
                    variance += (value - mean) * (value - mean);
            }
        }

        return new ImageStatistics(count, mean, Math.Sqrt(variance / count));
    }

    // The part of a row from the first voxel that is not 0 to the last: most of a volume is air.
    private static ReadOnlySpan<float> ReadHead(OrientedVoxels voxels, int line, float[] row)
    {
        (int y, int z) = (line % voxels.Grid.Size.Y, line / voxels.Grid.Size.Y);
        if (voxels.IsZeroRow(y, z))
            return [];
        voxels.ReadRow(y, z, 0, row);
        int first = row.AsSpan().IndexOfAnyExcept(0f);
        return first < 0 ? [] : row.AsSpan()[first..(row.AsSpan().LastIndexOfAnyExcept(0f) + 1)];
    }
}
