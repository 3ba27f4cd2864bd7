using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Augmentation;

/// <summary>A rotation and scaling about the center of a box, with the box of the source that it needs.</summary>
internal sealed class SpatialChange
{
    // From an offset in the result to one in the source, both in voxels from the center.
    private readonly double[,] _toSource;
    private readonly VoxelBox _box;

    private SpatialChange(double[,] toSource, VoxelBox box)
    {
        (_toSource, _box) = (toSource, box);
        Source = SourceOf(box, toSource);
    }

    /// <summary>The part of the source that the result shows.</summary>
    public VoxelBox Source { get; }

    /// <summary>Draws a change; null where nothing is changed.</summary>
    public static SpatialChange? Draw(AugmentationOptions options, long key, VoxelBox box, Spacing spacing)
    {
        StableRandom random = new((ulong)key);
        // Always as many numbers, so that one option does not change what another does.
        bool rotates = random.NextDouble() < (options.Rotation?.Probability ?? 0), scales = random.NextDouble() < (options.Scaling?.Probability ?? 0);
        double[] angles = [random.NextDouble(), random.NextDouble(), random.NextDouble()];
        double factor = random.NextDouble();
        if (!rotates && !scales)
            return null;
        double[,] turned = Rotation([.. angles.Select(share => rotates ? Within(options.Rotation!, share) * Math.PI / 180 : 0)]);
        double scale = scales ? Within(options.Scaling!, factor) : 1;
        double[] sides = [spacing.X, spacing.Y, spacing.Z];
        double[,] toSource = new double[3, 3];
        for (int row = 0; row < 3; row++)
        {
            for (int column = 0; column < 3; column++)
                toSource[row, column] = turned[row, column] * sides[column] / sides[row] / scale;
        }

        return new SpatialChange(toSource, box);

        static double Within(RandomRange range, double share) => range.Least + (share * (range.Greatest - range.Least));
    }

    /// <summary>Brings an image from <see cref="Source"/> to the box, trilinearly; beyond the source is 0.</summary>
    public void Resample(ReadOnlySpan<float> source, Span<float> target)
    {
        VolumeSize from = Source.Size, to = _box.Size;
        for (int i = 0; i < target.Length; i++)
        {
            (double x, double y, double z) = PlaceOf(i, to);
            (int x0, int y0, int z0) = ((int)Math.Floor(x), (int)Math.Floor(y), (int)Math.Floor(z));
            (float dx, float dy, float dz) = ((float)(x - x0), (float)(y - y0), (float)(z - z0));
            float sum = 0;
            for (int corner = 0; corner < 8; corner++)
            {
                (int cx, int cy, int cz) = (x0 + (corner & 1), y0 + ((corner >> 1) & 1), z0 + (corner >> 2));
                if (cx < 0 || cy < 0 || cz < 0 || cx >= from.X || cy >= from.Y || cz >= from.Z)
                    continue;
                float weight = ((corner & 1) != 0 ? dx : 1 - dx) * ((corner & 2) != 0 ? dy : 1 - dy) * ((corner & 4) != 0 ? dz : 1 - dz);
                sum += weight * source[from.IndexOf(cx, cy, cz)];
            }

            target[i] = sum;
        }
    }

    /// <summary>Brings classes from <see cref="Source"/> to the box, each from the nearest voxel; beyond the source is background.</summary>
    public void Resample(ReadOnlySpan<byte> source, Span<byte> target)
    {
        VolumeSize from = Source.Size, to = _box.Size;
        for (int i = 0; i < target.Length; i++)
        {
            (double x, double y, double z) = PlaceOf(i, to);
            (int nx, int ny, int nz) = ((int)Math.Floor(x + 0.5), (int)Math.Floor(y + 0.5), (int)Math.Floor(z + 0.5));
            target[i] = nx < 0 || ny < 0 || nz < 0 || nx >= from.X || ny >= from.Y || nz >= from.Z ? (byte)0 : source[from.IndexOf(nx, ny, nz)];
        }
    }

    private (double X, double Y, double Z) PlaceOf(int index, VolumeSize size)
    {
        double x = (index % size.X) - ((size.X - 1) / 2.0),
            y = (index / size.X % size.Y) - ((size.Y - 1) / 2.0),
            z = (index / size.X / size.Y) - ((size.Z - 1) / 2.0);
        return (Along(0, _box.X, size.X, Source.X), Along(1, _box.Y, size.Y, Source.Y), Along(2, _box.Z, size.Z, Source.Z));

        double Along(int row, int start, int length, int sourceStart) =>
            start + ((length - 1) / 2.0) + (_toSource[row, 0] * x) + (_toSource[row, 1] * y) + (_toSource[row, 2] * z) - sourceStart;
    }

    private static VoxelBox SourceOf(VoxelBox box, double[,] toSource)
    {
        int[] sizes = [box.Size.X, box.Size.Y, box.Size.Z], starts = [box.X, box.Y, box.Z];
        (int Start, int Length)[] ranges = new (int, int)[3];
        for (int row = 0; row < 3; row++)
        {
            double reach = 0;
            for (int column = 0; column < 3; column++)
                reach += Math.Abs(toSource[row, column]) * (sizes[column] - 1) / 2.0;
            double center = starts[row] + ((sizes[row] - 1) / 2.0);
            int first = (int)Math.Floor(center - reach);
            ranges[row] = (first, (int)Math.Floor(center + reach) + 2 - first);
        }

        return new VoxelBox(ranges[0].Start, ranges[1].Start, ranges[2].Start, new VolumeSize(ranges[0].Length, ranges[1].Length, ranges[2].Length));
    }

    private static double[,] Rotation(double[] angles)
    {
        (double a, double b, double c) = (angles[0], angles[1], angles[2]);
        double[,] x = { { 1, 0, 0 }, { 0, Math.Cos(a), -Math.Sin(a) }, { 0, Math.Sin(a), Math.Cos(a) } };
        double[,] y = { { Math.Cos(b), 0, Math.Sin(b) }, { 0, 1, 0 }, { -Math.Sin(b), 0, Math.Cos(b) } };
        double[,] z = { { Math.Cos(c), -Math.Sin(c), 0 }, { Math.Sin(c), Math.Cos(c), 0 }, { 0, 0, 1 } };
        return Product(Product(x, y), z);
    }

    private static double[,] Product(double[,] left, double[,] right)
    {
        double[,] product = new double[3, 3];
        for (int row = 0; row < 3; row++)
        {
            for (int column = 0; column < 3; column++)
                product[row, column] = (left[row, 0] * right[0, column]) + (left[row, 1] * right[1, column]) + (left[row, 2] * right[2, column]);
        }

        return product;
    }
}
