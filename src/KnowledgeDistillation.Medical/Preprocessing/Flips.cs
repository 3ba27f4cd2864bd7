using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>Which axes are reversed.</summary>
/// <param name="X">Left and right are swapped (axis W of a [D, H, W] tensor).</param>
/// <param name="Y">Front and back are swapped (axis H).</param>
/// <param name="Z">Top and bottom are swapped (axis D).</param>
public readonly record struct Flips(bool X, bool Y, bool Z)
{
    /// <summary>Copies a volume with these axes reversed.</summary>
    /// <param name="source">Voxels, x fastest.</param>
    /// <param name="target">As many voxels; must not overlap the source.</param>
    /// <param name="size">The size of the volume.</param>
    /// <exception cref="ArgumentException">Source or target do not have the size.</exception>
    public void Apply<T>(ReadOnlySpan<T> source, Span<T> target, VolumeSize size)
    {
        if (source.Length != size.VoxelCount || target.Length != size.VoxelCount)
        {
            throw new ArgumentException(
                $"A volume of {size} needs {size.VoxelCount} voxels, but the source has {source.Length} and the target {target.Length}.");
        }

        for (int z = 0; z < size.Z; z++)
        {
            int fromZ = Z ? size.Z - 1 - z : z;
            for (int y = 0; y < size.Y; y++)
            {
                int fromY = Y ? size.Y - 1 - y : y;
                Span<T> row = target.Slice(size.X * (y + (size.Y * z)), size.X);
                source.Slice(size.X * (fromY + (size.Y * fromZ)), size.X).CopyTo(row);
                if (X)
                    row.Reverse();
            }
        }
    }
}
