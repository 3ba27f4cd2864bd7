using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical;

/// <summary>
/// A 3-D affine map from voxel indices (x, y, z) to world coordinates in millimetres (right, anterior, superior positive),
/// the upper three rows of the 4×4 matrix that NIfTI calls sform or derives from qform.
/// </summary>
/// <remarks>Immutable and safe to share between threads.</remarks>
public readonly record struct Affine(
    double M11, double M12, double M13, double M14,
    double M21, double M22, double M23, double M24,
    double M31, double M32, double M33, double M34)
{
    /// <summary>Voxel indices are world coordinates: 1 mm voxels, origin at voxel (0, 0, 0), axes right, anterior, superior.</summary>
    public static Affine Identity { get; } = Scaling(1, 1, 1);

    /// <summary>Axis-aligned voxels of the given size in mm, origin at voxel (0, 0, 0).</summary>
    public static Affine Scaling(double x, double y, double z) => new(x, 0, 0, 0, 0, y, 0, 0, 0, 0, z, 0);

    /// <summary>The length in mm of one step along each voxel axis.</summary>
    public Spacing Spacing => new(Length(M11, M21, M31), Length(M12, M22, M32), Length(M13, M23, M33));

    /// <summary>The world coordinates in mm of a (possibly fractional) voxel index.</summary>
    public (double X, double Y, double Z) Apply(double x, double y, double z) => (
        (M11 * x) + (M12 * y) + (M13 * z) + M14,
        (M21 * x) + (M22 * y) + (M23 * z) + M24,
        (M31 * x) + (M32 * y) + (M33 * z) + M34);

    private static double Length(double x, double y, double z) => Math.Sqrt((x * x) + (y * y) + (z * z));
}
