using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>A box of voxels in a volume, beyond which it may reach.</summary>
/// <param name="X">Its first voxel along x; may be negative.</param>
/// <param name="Y">Its first voxel along y; may be negative.</param>
/// <param name="Z">Its first voxel along z; may be negative.</param>
/// <param name="Size">Its size.</param>
internal readonly record struct VoxelBox(int X, int Y, int Z, VolumeSize Size)
{
    /// <summary>A whole volume.</summary>
    public static VoxelBox Whole(VolumeSize volume) => new(0, 0, 0, volume);

    /// <summary>The part of the box that lies within a volume; empty sizes where none does.</summary>
    public VoxelBox Within(VolumeSize volume)
    {
        (int x, int y, int z) = (Math.Max(0, X), Math.Max(0, Y), Math.Max(0, Z));
        return new(x, y, z, new VolumeSize(
            Math.Max(0, Math.Min(volume.X, X + Size.X) - x), Math.Max(0, Math.Min(volume.Y, Y + Size.Y) - y), Math.Max(0, Math.Min(volume.Z, Z + Size.Z) - z)));
    }

    /// <summary>Copies rows of a slice of a volume to where they lie in the box.</summary>
    /// <param name="rows">Whole rows of the volume, from the first row of <paramref name="inside"/> on.</param>
    /// <param name="volume">The size of the volume.</param>
    /// <param name="inside">The part of the box within the volume.</param>
    /// <param name="z">The slice of the volume.</param>
    /// <param name="target">The voxels of the box.</param>
    public void CopySlice<T>(ReadOnlySpan<T> rows, VolumeSize volume, VoxelBox inside, int z, Span<T> target)
    {
        for (int y = 0; y < inside.Size.Y; y++)
        {
            rows.Slice((y * volume.X) + inside.X, inside.Size.X)
                .CopyTo(target[Size.IndexOf(inside.X - X, inside.Y + y - Y, z - Z)..]);
        }
    }
}
