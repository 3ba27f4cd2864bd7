using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical;

/// <summary>
/// Where the voxels of a volume lie: the number of voxels along x, y, z and the map from voxel indices to world coordinates.
/// Voxels are stored with x fastest (NIfTI order), so the same array read as a C-order tensor has the shape [Z, Y, X] = [D, H, W].
/// </summary>
/// <remarks>Immutable and safe to share between threads.</remarks>
public sealed record VolumeGrid
{
    /// <summary>Makes a grid.</summary>
    /// <param name="sizeX">Number of voxels along x, at least 1.</param>
    /// <param name="sizeY">Number of voxels along y, at least 1.</param>
    /// <param name="sizeZ">Number of voxels along z, at least 1.</param>
    /// <param name="affine">Voxel indices to world coordinates in mm.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is less than 1, or the voxels are more than an array can hold.</exception>
    public VolumeGrid(int sizeX, int sizeY, int sizeZ, Affine affine)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sizeX, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(sizeY, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(sizeZ, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((Int128)sizeX * sizeY * sizeZ, Array.MaxLength, "sizeX * sizeY * sizeZ");
        (SizeX, SizeY, SizeZ, Affine) = (sizeX, sizeY, sizeZ, affine);
    }

    /// <summary>Number of voxels along x, the fastest axis in memory.</summary>
    public int SizeX { get; }

    /// <summary>Number of voxels along y.</summary>
    public int SizeY { get; }

    /// <summary>Number of voxels along z, the slowest axis in memory.</summary>
    public int SizeZ { get; }

    /// <summary>Voxel indices to world coordinates in mm.</summary>
    public Affine Affine { get; }

    /// <summary>The size of a voxel in mm.</summary>
    public Spacing Spacing => Affine.Spacing;

    /// <summary>Number of voxels.</summary>
    public int VoxelCount => SizeX * SizeY * SizeZ;

    /// <summary>The position of voxel (x, y, z) in the array of voxels.</summary>
    public int IndexOf(int x, int y, int z) => x + (SizeX * (y + (SizeY * z)));
}
