namespace KnowledgeDistillation.Medical.Volumes;

/// <summary>A 3-D volume of voxels with its grid: intensities as <see cref="float"/>, labels as <see cref="int"/>.</summary>
/// <typeparam name="T">The type of a voxel.</typeparam>
/// <remarks>Holds the array it is given, without a copy. Safe to read from several threads.</remarks>
public sealed class Volume<T>
    where T : unmanaged
{
    /// <summary>Makes a volume over an array of voxels.</summary>
    /// <param name="grid">Where the voxels lie.</param>
    /// <param name="voxels">The voxels, x fastest, exactly <see cref="VolumeGrid.VoxelCount"/> of them.</param>
    /// <exception cref="ArgumentException">The number of voxels is not the grid's.</exception>
    public Volume(VolumeGrid grid, T[] voxels)
    {
        ArgumentNullException.ThrowIfNull(grid);
        ArgumentNullException.ThrowIfNull(voxels);
        if (voxels.Length != grid.VoxelCount)
            throw new ArgumentException($"A grid of {grid.Size} voxels needs {grid.VoxelCount} values, but {voxels.Length} were given.", nameof(voxels));

        (Grid, Voxels) = (grid, voxels);
    }

    /// <summary>Where the voxels lie.</summary>
    public VolumeGrid Grid { get; }

    /// <summary>The voxels, x fastest.</summary>
    public T[] Voxels { get; }

    /// <summary>The value at voxel (x, y, z).</summary>
    public T this[int x, int y, int z] => Voxels[Grid.IndexOf(x, y, z)];

    /// <summary>
    /// The same volume with its voxel axes permuted and reversed so that they run towards the given sides. Every voxel keeps
    /// its value and its place in the world; nothing is interpolated. Reorienting back restores the voxels exactly.
    /// </summary>
    /// <param name="orientation">The orientation wanted, such as <see cref="Orientation.RAS"/>.</param>
    /// <returns>A new volume, or this one where it has the orientation already.</returns>
    /// <exception cref="ArgumentException">The grid's affine has no inverse.</exception>
    public Volume<T> ReorientTo(Orientation orientation)
    {
        ArgumentNullException.ThrowIfNull(orientation);
        if (orientation == Grid.Orientation)
            return this;
        Reorientation reorientation = new(Grid, orientation);
        return new Volume<T>(reorientation.Target, reorientation.Apply<T>(Voxels));
    }
}
