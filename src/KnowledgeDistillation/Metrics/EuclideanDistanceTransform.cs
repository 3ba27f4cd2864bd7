using System.Numerics;
using System.Runtime.InteropServices;

namespace KnowledgeDistillation.Metrics;

/// <summary>
/// The exact Euclidean distance in mm from each voxel to the nearest voxel of a mask, for any voxel size, in time linear in the
/// number of voxels: one axis after another, the lower envelope of parabolas along each line (Felzenszwalb and Huttenlocher,
/// "Distance Transforms of Sampled Functions", Theory of Computing 8, 2012). Where the distances found so far are short, as in a fragmented mask,
/// the few parabolas within that reach are compared directly, which gives the same minimum sooner.
/// </summary>
/// <remarks>
/// Lines are shared out over the cores. Each is worked on alone, so the result does not depend on the number of threads. Safe to call from several threads.
/// </remarks>
public static class EuclideanDistanceTransform
{
    // Neighboring lines are gathered together, so that each cache line read along a far-striding axis is used whole.
    private const int Lanes = 16;

    // Up to this many voxels of reach, comparing all parabolas within it is quicker than their envelope.
    private const int DirectReach = 8;

    // Below this number of voxels, starting threads costs more than it gains.
    private const int ParallelVoxels = 1 << 15;

    /// <summary>The distances to a mask.</summary>
    /// <returns>One distance in mm per voxel, x fastest: 0 inside the mask, positive infinity everywhere if the mask is empty.</returns>
    public static double[] Compute(VoxelMask mask)
    {
        ArgumentNullException.ThrowIfNull(mask);
        double[] distances = new double[mask.VoxelCount];
        SquaredDistances(mask.Voxels.ToArray(), wanted: null, mask.Size, mask.Spacing, distances);
        for (int i = 0; i < distances.Length; i++)
            distances[i] = Math.Sqrt(distances[i]);
        return distances;
    }

    /// <summary>Writes the squared distances in mm² to the voxels of <paramref name="seeds"/> that are 1.</summary>
    /// <param name="seeds">One byte per voxel, 0 or 1.</param>
    /// <param name="wanted">The voxels (not 0) whose distance is needed; the rest of the result is unspecified. Null for all.</param>
    /// <param name="size">Number of voxels along each axis.</param>
    /// <param name="spacing">Size of a voxel in mm.</param>
    /// <param name="squared">Receives the result; as many elements are used as there are voxels.</param>
    internal static void SquaredDistances(byte[] seeds, byte[]? wanted, VolumeSize size, Spacing spacing, double[] squared)
    {
        (int sizeX, int sizeY, int sizeZ) = size;
        int slab = sizeX * sizeY;
        bool parallel = slab * (long)sizeZ >= ParallelVoxels;

        LineScratch ScratchY() => new(sizeY, spacing.Y);
        LineScratch ScratchZ() => new(sizeZ, spacing.Z);

        Each(sizeZ, parallel, ScratchY, (z, scratch) =>
        {
            int start = z * slab;
            if (!seeds.AsSpan(start, slab).Contains((byte)1))
            {
                squared.AsSpan(start, slab).Fill(double.PositiveInfinity);
                return;
            }
            for (int y = 0; y < sizeY; y++)
                AlongX(seeds.AsSpan(start + (y * sizeX), sizeX), squared.AsSpan(start + (y * sizeX), sizeX), spacing.X);
            for (int x = 0; x < sizeX; x += Lanes)
                AlongLines(squared, null, start + x, sizeX, Math.Min(Lanes, sizeX - x), scratch);
        });

        Each(sizeY, parallel, ScratchZ, (y, scratch) =>
        {
            for (int x = 0; x < sizeX; x += Lanes)
                AlongLines(squared, wanted, (y * sizeX) + x, slab, Math.Min(Lanes, sizeX - x), scratch);
        });
    }

    private static void Each(int count, bool parallel, Func<LineScratch> makeScratch, Action<int, LineScratch> body)
    {
        if (parallel)
        {
            Parallel.For(0, count, makeScratch, (i, _, scratch) => { body(i, scratch); return scratch; }, _ => { });
            return;
        }
        LineScratch single = makeScratch();
        for (int i = 0; i < count; i++)
            body(i, single);
    }

    // Along the first axis the nearest seed is simply the last one seen from either side.
    private static void AlongX(ReadOnlySpan<byte> seeds, Span<double> squared, double step)
    {
        int first = seeds.IndexOf((byte)1);
        if (first < 0)
        {
            squared.Fill(double.PositiveInfinity);
            return;
        }
        // Without branches: in a fragmented mask they could not be predicted.
        int nearest = first;
        for (int x = 0; x < seeds.Length; x++)
        {
            nearest += (x - nearest) & -seeds[x];
            double distance = step * (x - nearest);
            squared[x] = distance * distance;
        }
        for (int x = nearest; x >= first; x--)
        {
            nearest += (x - nearest) & -seeds[x];
            double distance = step * (nearest - x);
            squared[x] = Math.Min(squared[x], distance * distance);
        }
    }

    private static void AlongLines(double[] squared, byte[]? wanted, int start, int stride, int lanes, LineScratch scratch)
    {
        int length = scratch.Length;
        uint active = wanted is null ? uint.MaxValue : WantedLanes(wanted, start, stride, lanes, length);
        if (active == 0)
            return;

        if (lanes == Lanes && CompareDirectly(squared, start, stride, scratch))
            return;

        for (int i = 0, at = start; i < length; i++, at += stride)
        {
            for (int lane = 0; lane < lanes; lane++)
                scratch.Values[(lane * length) + i] = squared[at + lane];
        }
        for (int lane = 0; lane < lanes; lane++)
        {
            if ((active & (1u << lane)) != 0)
                scratch.LowerEnvelope(scratch.Values.AsSpan(lane * length, length));
        }
        for (int i = 0, at = start; i < length; i++, at += stride)
        {
            for (int lane = 0; lane < lanes; lane++)
                squared[at + lane] = scratch.Values[(lane * length) + i];
        }
    }

    // A parabola n voxels away is at least (step·n)² high, so it cannot lie below a value that is no greater.
    private static bool CompareDirectly(double[] squared, int start, int stride, LineScratch scratch)
    {
        Span<Vector<double>> lines = MemoryMarshal.Cast<double, Vector<double>>(scratch.Values.AsSpan());
        int vectors = Lanes / Vector<double>.Count;
        var farthest = new Vector<double>(scratch.SquaredSteps[^1]);
        for (int i = 0, at = start; i < scratch.Length; i++, at += stride)
        {
            ReadOnlySpan<Vector<double>> row = MemoryMarshal.Cast<double, Vector<double>>(squared.AsSpan(at, Lanes));
            for (int lane = 0; lane < vectors; lane++)
            {
                if (Vector.GreaterThanAny(row[lane], farthest))
                    return false;
                lines[(i * vectors) + lane] = row[lane];
            }
        }

        for (int i = 0, at = start; i < scratch.Length; i++, at += stride)
        {
            Span<Vector<double>> row = MemoryMarshal.Cast<double, Vector<double>>(squared.AsSpan(at, Lanes));
            for (int lane = 0; lane < vectors; lane++)
            {
                Vector<double> least = row[lane];
                for (int n = 1; n < scratch.SquaredSteps.Length; n++)
                {
                    var height = new Vector<double>(scratch.SquaredSteps[n]);
                    if (!Vector.GreaterThanAny(least, height))
                        break;
                    if (i >= n)
                        least = Vector.Min(least, lines[((i - n) * vectors) + lane] + height);
                    if (i + n < scratch.Length)
                        least = Vector.Min(least, lines[((i + n) * vectors) + lane] + height);
                }

                row[lane] = least;
            }
        }

        return true;
    }

    private static uint WantedLanes(byte[] wanted, int start, int stride, int lanes, int length)
    {
        uint active = 0;
        for (int i = 0, at = start; i < length; i++, at += stride)
        {
            for (int lane = 0; lane < lanes; lane++)
                active |= (uint)wanted[at + lane] << lane;
        }
        return active;
    }

    /// <summary>The working memory of one thread for lines of one length and one voxel size.</summary>
    private sealed class LineScratch
    {
        private readonly double _squaredStep;
        private readonly double[] _halfReciprocals; // 1 / (2·step²·n): turns the division in each intersection into a product.
        private readonly int[] _vertex;
        private readonly double[] _height;
        private readonly double[] _from;
        private readonly double[] _value;

        public LineScratch(int length, double step)
        {
            Length = length;
            Values = new double[length * Lanes];
            _squaredStep = step * step;
            SquaredSteps = [.. Enumerable.Range(0, DirectReach + 1).Select(n => _squaredStep * n * n)];
            _halfReciprocals = new double[length];
            for (int i = 1; i < length; i++)
                _halfReciprocals[i] = 1 / (2 * _squaredStep * i);
            _vertex = new int[length];
            _height = new double[length];
            _from = new double[length];
            _value = new double[length];
        }

        public int Length { get; }

        public double[] Values { get; }

        /// <summary>(step·n)² up to the direct reach.</summary>
        public double[] SquaredSteps { get; }

        /// <summary>Replaces each value f(i) of a line by the least f(j) + step²·(i − j)² over all j.</summary>
        public void LowerEnvelope(Span<double> line)
        {
            int last = -1;
            for (int i = 0; i < line.Length; i++)
            {
                double value = line[i];
                if (double.IsPositiveInfinity(value))
                    continue;
                double height = value + (_squaredStep * i * i);
                double from = double.NegativeInfinity;
                while (last >= 0)
                {
                    // Where the new parabola falls below the last one of the envelope.
                    from = (height - _height[last]) * _halfReciprocals[i - _vertex[last]];
                    if (from > _from[last])
                        break;
                    last--;
                    from = double.NegativeInfinity;
                }
                last++;
                (_vertex[last], _height[last], _from[last], _value[last]) = (i, height, from, value);
            }
            if (last < 0)
                return;

            int current = 0;
            for (int i = 0; i < line.Length; i++)
            {
                while (current < last && _from[current + 1] <= i)
                    current++;
                int offset = i - _vertex[current];
                line[i] = _value[current] + (_squaredStep * offset * offset);
            }
        }
    }
}
