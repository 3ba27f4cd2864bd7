using CsCheck;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Tests.Metrics;

/// <summary>Small random masks: sparse to dense, flat along some axes, empty and full ones among them, with unequal voxel sizes.</summary>
internal static class MaskGenerator
{
    public static Gen<VoxelMask> Mask { get; } = Pair.Select(pair => pair.Prediction);

    public static Gen<(VoxelMask Prediction, VoxelMask Reference)> Pair =>
        from sizeX in Gen.Int[1, 19]
        from sizeY in Gen.Int[1, 6]
        from sizeZ in Gen.Int[1, 6]
        from spacing in Gen.Select(Gen.Double[0.2, 5], Gen.Double[0.2, 5], Gen.OneOf(Gen.Const(1.0), Gen.Double[0.2, 5]))
        from prediction in Voxels(sizeX * sizeY * sizeZ)
        from reference in Voxels(sizeX * sizeY * sizeZ)
        let size = new VolumeSize(sizeX, sizeY, sizeZ)
        let voxelSize = new Spacing(spacing.Item1, spacing.Item2, spacing.Item3)
        select (new VoxelMask(prediction, size, voxelSize), new VoxelMask(reference, size, voxelSize));

    private static Gen<bool[]> Voxels(int count) =>
        from density in Gen.Int[0, 10]
        from values in Gen.Int[1, 10].Array[count]
        select Array.ConvertAll(values, value => value <= density);
}

/// <summary>What the fast computations should find, by comparing all with all.</summary>
internal static class BruteForce
{
    public static List<(int X, int Y, int Z)> Voxels(VoxelMask mask, Func<int, int, int, bool> belongs)
    {
        var voxels = new List<(int, int, int)>();
        for (int z = 0; z < mask.Size.Z; z++)
        {
            for (int y = 0; y < mask.Size.Y; y++)
            {
                for (int x = 0; x < mask.Size.X; x++)
                {
                    if (belongs(x, y, z))
                        voxels.Add((x, y, z));
                }
            }
        }
        return voxels;
    }

    public static List<(int X, int Y, int Z)> Surface(VoxelMask mask)
    {
        bool Inside(int x, int y, int z) => x >= 0 && y >= 0 && z >= 0 && x < mask.Size.X && y < mask.Size.Y && z < mask.Size.Z && mask[x, y, z];
        return Voxels(mask, (x, y, z) => Inside(x, y, z)
            && !(Inside(x - 1, y, z) && Inside(x + 1, y, z) && Inside(x, y - 1, z) && Inside(x, y + 1, z) && Inside(x, y, z - 1) && Inside(x, y, z + 1)));
    }

    public static double Distance((int X, int Y, int Z) from, List<(int X, int Y, int Z)> to, Spacing spacing)
    {
        double least = double.PositiveInfinity;
        foreach ((int x, int y, int z) in to)
        {
            (double dx, double dy, double dz) = (spacing.X * (x - from.X), spacing.Y * (y - from.Y), spacing.Z * (z - from.Z));
            least = Math.Min(least, (dx * dx) + (dy * dy) + (dz * dz));
        }
        return Math.Sqrt(least);
    }

    public static double Percentile(IEnumerable<double> values, double percentile)
    {
        double[] sorted = [.. values.Order()];
        double rank = percentile / 100 * (sorted.Length - 1);
        int lower = (int)Math.Floor(rank);
        return lower == sorted.Length - 1 ? sorted[lower] : sorted[lower] + ((rank - lower) * (sorted[lower + 1] - sorted[lower]));
    }
}
