using KnowledgeDistillation.Medical.Volumes;

namespace KnowledgeDistillation.Medical.Prediction;

/// <summary>How large a region of a segmentation is.</summary>
/// <param name="Region">The name of the region, for example "ET".</param>
/// <param name="Voxels">The number of its voxels.</param>
/// <param name="CubicMillimeters">Its volume in mm³.</param>
public sealed record RegionVolume(string Region, int Voxels, double CubicMillimeters)
{
    /// <summary>Measures the regions of a segmentation.</summary>
    /// <param name="classes">The class of each voxel, x fastest.</param>
    /// <param name="grid">Where the voxels lie.</param>
    /// <param name="regions">The regions.</param>
    /// <exception cref="ArgumentException">There are fewer or more classes than voxels.</exception>
    public static IReadOnlyList<RegionVolume> Measure(ReadOnlySpan<byte> classes, VolumeGrid grid, IEnumerable<Region> regions)
    {
        ArgumentNullException.ThrowIfNull(grid);
        ArgumentNullException.ThrowIfNull(regions);
        if (classes.Length != grid.VoxelCount)
            throw new ArgumentException($"A grid of {grid.Size} voxels needs {grid.VoxelCount} classes, but {classes.Length} were given.", nameof(classes));
        int[] counts = new int[byte.MaxValue + 1];
        foreach (byte number in classes)
            counts[number]++;
        double voxel = VoxelVolume(grid);
        return [.. regions.Select(region => (region.Name, Count: region.Classes.Distinct().Sum(number => counts[number])))
            .Select(region => new RegionVolume(region.Name, region.Count, region.Count * voxel))];
    }

    /// <summary>The volume of a voxel in mm³, also where the axes of the grid are not at right angles.</summary>
    internal static double VoxelVolume(VolumeGrid grid) => Math.Abs(grid.Affine.Determinant);
}
