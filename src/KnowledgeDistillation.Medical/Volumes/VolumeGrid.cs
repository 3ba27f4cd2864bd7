using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Volumes;

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

    /// <summary>Towards which side of the body each voxel axis runs.</summary>
    /// <exception cref="ArgumentException">The affine has no inverse.</exception>
    public Orientation Orientation => Orientation.Of(Affine);

    /// <summary>Number of voxels.</summary>
    public int VoxelCount => SizeX * SizeY * SizeZ;

    /// <summary>The position of voxel (x, y, z) in the array of voxels.</summary>
    public int IndexOf(int x, int y, int z) => x + (SizeX * (y + (SizeY * z)));

    /// <summary>
    /// Whether two grids have the same sizes and place every voxel at the same point of the world, up to rounding: nowhere more
    /// than a fraction of the smallest voxel side apart.
    /// </summary>
    /// <param name="other">The grid to compare with.</param>
    /// <param name="tolerance">The fraction, 0.01 by default; files hold affines in single precision, so exact equality is rare.</param>
    public bool CoincidesWith(VolumeGrid other, double tolerance = 0.01)
    {
        ArgumentNullException.ThrowIfNull(other);
        if ((SizeX, SizeY, SizeZ) != (other.SizeX, other.SizeY, other.SizeZ))
            return false;
        double allowed = tolerance * Math.Min(Spacing.X, Math.Min(Spacing.Y, Spacing.Z));
        // The distance between two affine maps is convex, so it is largest at a corner.
        for (int corner = 0; corner < 8; corner++)
        {
            (int x, int y, int z) = ((corner & 1) * (SizeX - 1), ((corner >> 1) & 1) * (SizeY - 1), (corner >> 2) * (SizeZ - 1));
            (double ax, double ay, double az) = Affine.Apply(x, y, z);
            (double bx, double by, double bz) = other.Affine.Apply(x, y, z);
            if (!(Math.Sqrt(((ax - bx) * (ax - bx)) + ((ay - by) * (ay - by)) + ((az - bz) * (az - bz))) <= allowed))
                return false;
        }
        return true;
    }

    /// <summary>Sizes and affine, such as <c>240×240×155 voxels, LPS, [-1 0 0 0; 0 -1 0 239; 0 0 1 0]</c>.</summary>
    public override string ToString() => $"{SizeX}×{SizeY}×{SizeZ} voxels, {(Affine.IsInvertible ? Orientation.ToString() : "no orientation")}, {Affine}";
}
