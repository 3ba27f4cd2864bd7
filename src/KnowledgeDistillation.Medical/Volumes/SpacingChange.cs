using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Volumes;

/// <summary>
/// A grid and another with voxels of another size over the same space: both begin at the same face of their first voxels, and the other ends with the
/// voxel that comes nearest to the end of the one.
/// </summary>
internal sealed class SpacingChange
{
    // Sizes of voxels come from files in single precision; what they differ by there is no other spacing.
    private const double Same = 1e-4;

    private readonly VolumeGrid _source;

    // How many voxels of the source a voxel of the target is long.
    private readonly double[] _steps;

    public SpacingChange(VolumeGrid source, Spacing spacing)
    {
        _source = source;
        (double x, double y, double z) = source.Spacing;
        _steps = [Step(spacing.X / x), Step(spacing.Y / y), Step(spacing.Z / z)];
        VolumeSize size = source.Size;
        Target = IsNone ? source : new VolumeGrid(new VolumeSize(Count(size.X, 0), Count(size.Y, 1), Count(size.Z, 2)), Scaled(source.Affine));
    }

    /// <summary>Whether the voxels have that size already.</summary>
    public bool IsNone => _steps.All(step => step == 1);

    /// <summary>The other grid.</summary>
    public VolumeGrid Target { get; }

    /// <summary>Where a face of a voxel of the source lies among those of the target: face i is before voxel i.</summary>
    public double FaceInTarget(double face, int axis) => face / _steps[axis];

    /// <summary>Where the center of a voxel of the source lies in the target, in voxels.</summary>
    public double CenterInTarget(int index, int axis) => FaceInTarget(index + 0.5, axis) - 0.5;

    public float[] Values(ReadOnlySpan<float> voxels)
    {
        (AxisPlaces x, AxisPlaces y, AxisPlaces z) = Places();
        return LinearResampling.Values(voxels, x, y, z);
    }

    public byte[] Classes(ReadOnlySpan<byte> classes)
    {
        (AxisPlaces x, AxisPlaces y, AxisPlaces z) = Places();
        return LinearResampling.Classes(classes, x, y, z);
    }

    private static double Step(double step) => Math.Abs(step - 1) < Same ? 1 : step;

    private int Count(int voxels, int axis) => Math.Max(1, (int)Math.Round(voxels / _steps[axis], MidpointRounding.AwayFromZero));

    private (AxisPlaces X, AxisPlaces Y, AxisPlaces Z) Places() => (
        Along(Target.Size.X, _source.Size.X, 0), Along(Target.Size.Y, _source.Size.Y, 1), Along(Target.Size.Z, _source.Size.Z, 2));

    private AxisPlaces Along(int count, int length, int axis) => new(count, length, i => ((i + 0.5) * _steps[axis]) - 0.5);

    private Affine Scaled(Affine a)
    {
        double[] s = _steps;
        (double x, double y, double z) = a.Apply((s[0] - 1) / 2, (s[1] - 1) / 2, (s[2] - 1) / 2);
        return new Affine(
            a.M11 * s[0], a.M12 * s[1], a.M13 * s[2], x,
            a.M21 * s[0], a.M22 * s[1], a.M23 * s[2], y,
            a.M31 * s[0], a.M32 * s[1], a.M33 * s[2], z);
    }
}
