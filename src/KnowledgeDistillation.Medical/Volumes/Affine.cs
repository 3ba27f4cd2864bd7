using System.Globalization;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Volumes;

/// <summary>
/// A 3-D affine map from voxel indices (x, y, z) to world coordinates in millimeters (right, anterior, superior positive),
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

    /// <summary>
    /// The determinant of the 3×3 part: plus or minus the volume of a voxel in mm³, negative where the voxel axes are
    /// left-handed (as in radiological storage), 0 where the map has no inverse.
    /// </summary>
    public double Determinant =>
        (M11 * ((M22 * M33) - (M23 * M32))) - (M12 * ((M21 * M33) - (M23 * M31))) + (M13 * ((M21 * M32) - (M22 * M31)));

    /// <summary>Whether every element is finite and the three voxel axes span space, so that the map can be inverted with a meaningful result.</summary>
    public bool IsInvertible
    {
        get
        {
            // Relative to the voxel's size: a 1 µm voxel is as good as a 10 mm one; three axes in one plane are not.
            (double x, double y, double z) = Spacing;
            double relative = Math.Abs(Determinant / (x * y * z));
            return relative > 1e-6 && double.IsFinite(relative) && double.IsFinite(M14) && double.IsFinite(M24) && double.IsFinite(M34);
        }
    }

    /// <summary>The world coordinates in mm of a (possibly fractional) voxel index.</summary>
    public (double X, double Y, double Z) Apply(double x, double y, double z) => (
        (M11 * x) + (M12 * y) + (M13 * z) + M14,
        (M21 * x) + (M22 * y) + (M23 * z) + M24,
        (M31 * x) + (M32 * y) + (M33 * z) + M34);

    /// <summary>The map from world coordinates in mm back to voxel indices.</summary>
    /// <exception cref="InvalidOperationException">The map has no inverse (<see cref="IsInvertible"/>).</exception>
    public Affine Inverse()
    {
        if (!IsInvertible)
            throw new InvalidOperationException($"The affine {this} has no inverse: its voxel axes do not span space.");
        return InverseUnchecked();
    }

    /// <summary>The three rows, such as <c>[-1 0 0 0; 0 -1 0 239; 0 0 1 0]</c>.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"[{M11:G6} {M12:G6} {M13:G6} {M14:G6}; {M21:G6} {M22:G6} {M23:G6} {M24:G6}; {M31:G6} {M32:G6} {M33:G6} {M34:G6}]");

    internal Affine InverseUnchecked()
    {
        double scale = 1 / Determinant;
        double a11 = scale * ((M22 * M33) - (M23 * M32)), a12 = scale * ((M13 * M32) - (M12 * M33)), a13 = scale * ((M12 * M23) - (M13 * M22));
        double a21 = scale * ((M23 * M31) - (M21 * M33)), a22 = scale * ((M11 * M33) - (M13 * M31)), a23 = scale * ((M13 * M21) - (M11 * M23));
        double a31 = scale * ((M21 * M32) - (M22 * M31)), a32 = scale * ((M12 * M31) - (M11 * M32)), a33 = scale * ((M11 * M22) - (M12 * M21));
        return new Affine(
            a11, a12, a13, -((a11 * M14) + (a12 * M24) + (a13 * M34)),
            a21, a22, a23, -((a21 * M14) + (a22 * M24) + (a23 * M34)),
            a31, a32, a33, -((a31 * M14) + (a32 * M24) + (a33 * M34)));
    }

    private static double Length(double x, double y, double z) => Math.Sqrt((x * x) + (y * y) + (z * z));
}
