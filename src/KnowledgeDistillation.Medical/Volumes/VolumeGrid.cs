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
    /// <param name="size">Number of voxels along each axis, at least 1.</param>
    /// <param name="affine">Voxel indices to world coordinates in mm.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is less than 1, or the voxels are more than an array can hold.</exception>
    public VolumeGrid(VolumeSize size, Affine affine)
    {
        if (size.X < 1 || size.Y < 1 || size.Z < 1 || (Int128)size.X * size.Y * size.Z > Array.MaxLength)
        {
            throw new ArgumentOutOfRangeException(
                nameof(size), size, $"A grid needs at least 1 voxel along each axis and at most {Array.MaxLength:N0} in all.");
        }

        (Size, Affine) = (size, affine);
    }

    /// <summary>Number of voxels along each axis.</summary>
    public VolumeSize Size { get; }

    /// <summary>Voxel indices to world coordinates in mm.</summary>
    public Affine Affine { get; }

    /// <summary>The size of a voxel in mm.</summary>
    public Spacing Spacing => Affine.Spacing;

    /// <summary>Towards which side of the body each voxel axis runs.</summary>
    /// <exception cref="ArgumentException">The affine has no inverse.</exception>
    public Orientation Orientation => Orientation.Of(Affine);

    /// <summary>Number of voxels.</summary>
    public int VoxelCount => Size.VoxelCount;

    /// <summary>The position of voxel (x, y, z) in the array of voxels.</summary>
    public int IndexOf(int x, int y, int z) => Size.IndexOf(x, y, z);

    /// <summary>
    /// Whether two grids have the same sizes and place every voxel at the same point of the world, up to rounding: nowhere more
    /// than a fraction of the smallest voxel side apart.
    /// </summary>
    /// <param name="other">The grid to compare with.</param>
    /// <param name="tolerance">The fraction, 0.01 by default; files hold affines in single precision, so exact equality is rare.</param>
    public bool CoincidesWith(VolumeGrid other, double tolerance = 0.01)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (Size != other.Size)
            return false;
        double allowed = tolerance * Math.Min(Spacing.X, Math.Min(Spacing.Y, Spacing.Z));
        // The distance between two affine maps is convex, so it is largest at a corner.
        for (int corner = 0; corner < 8; corner++)
        {
            (int x, int y, int z) = ((corner & 1) * (Size.X - 1), ((corner >> 1) & 1) * (Size.Y - 1), (corner >> 2) * (Size.Z - 1));
            (double ax, double ay, double az) = Affine.Apply(x, y, z);
            (double bx, double by, double bz) = other.Affine.Apply(x, y, z);
            if (!(Math.Sqrt(((ax - bx) * (ax - bx)) + ((ay - by) * (ay - by)) + ((az - bz) * (az - bz))) <= allowed))
                return false;
        }
        return true;
    }

    /// <summary>Sizes and affine, such as <c>240×240×155 voxels, LPS, [-1 0 0 0; 0 -1 0 239; 0 0 1 0]</c>.</summary>
    public override string ToString() => $"{Size} voxels, {(Affine.IsInvertible ? Orientation.ToString() : "no orientation")}, {Affine}";
}
