namespace KnowledgeDistillation.Medical;

/// <summary>A 3-D volume of image intensities with its grid.</summary>
/// <remarks>Holds the array it is given, without a copy. Safe to read from several threads.</remarks>
public sealed class Volume
{
    /// <summary>Makes a volume over an array of voxels.</summary>
    /// <param name="grid">Where the voxels lie.</param>
    /// <param name="voxels">The voxels, x fastest, exactly <see cref="VolumeGrid.VoxelCount"/> of them.</param>
    /// <exception cref="ArgumentException">The number of voxels is not the grid's.</exception>
    public Volume(VolumeGrid grid, float[] voxels)
    {
        ArgumentNullException.ThrowIfNull(grid);
        ArgumentNullException.ThrowIfNull(voxels);
        if (voxels.Length != grid.VoxelCount)
            throw new ArgumentException($"A grid of {grid.SizeX}×{grid.SizeY}×{grid.SizeZ} voxels needs {grid.VoxelCount} values, but {voxels.Length} were given.", nameof(voxels));
        (Grid, Voxels) = (grid, voxels);
    }

    /// <summary>Where the voxels lie.</summary>
    public VolumeGrid Grid { get; }

    /// <summary>The voxels, x fastest.</summary>
    public float[] Voxels { get; }

    /// <summary>The value at voxel (x, y, z).</summary>
    public float this[int x, int y, int z] => Voxels[Grid.IndexOf(x, y, z)];
}
