using System.Text.Json;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.PrivilegedKnowledge;

/// <summary>
/// The contrastive distillation of Chen et al. 2022 (PMKL), of whole images: the features before the last convolution are averaged over the voxels
/// and led through two linear layers with a ReLU between them, one such projector for the student and one for the teacher, and divided by their Euclidean norm.
/// With d_ij the distance of sample i of the student and sample j of the teacher, the loss is the mean over all pairs of d_ij²
/// where i = j and max(0, margin − d_ij)² where i ≠ j.
/// </summary>
/// <remarks>
/// The projectors learn with the student and are thrown away afterwards. Does not grow with the volume. With one sample per batch there are no pairs of
/// different samples, and the projectors can make the loss 0 whatever the images are: give it batches of several, as the publication does (4).
/// Computed in float32 or wider.
/// </remarks>
public sealed class ContrastivePairLoss : ILearnableLoss, IDecoderFeatureLoss, IDisposable
{
    private const double SmallestNorm = 1e-12;

    private readonly int _studentWidth;
    private readonly int _teacherWidth;
    private readonly ContrastivePairOptions _options;
    private readonly PairProjectors _projectors;

    /// <summary>Makes the loss and its projectors.</summary>
    /// <param name="studentWidth">Number of channels of the student's features, at least 1.</param>
    /// <param name="teacherWidth">Number of channels of the teacher's features, at least 1.</param>
    /// <param name="options">Projectors and margin; null for the defaults.</param>
    /// <param name="device">Where the projectors lie, the student's device; null for the CPU.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public ContrastivePairLoss(int studentWidth, int teacherWidth, ContrastivePairOptions? options = null, Device? device = null)
    {
        (_studentWidth, _teacherWidth, _options) = (studentWidth, teacherWidth, options ?? new ContrastivePairOptions());
        new OptionFaults(nameof(ContrastivePairLoss))
            .Require(studentWidth >= 1, $"studentWidth must be at least 1, but is {studentWidth}.")
            .Require(teacherWidth >= 1, $"teacherWidth must be at least 1, but is {teacherWidth}.")
            .Include(nameof(options), _options.Faults())
            .ThrowIfAny();
        TorchRuntime.EnsureAvailable();
        _projectors = new PairProjectors(studentWidth, teacherWidth, _options.Dimension);
        if (device is not null)
            _projectors.to(device);
    }

    /// <summary>The projectors, first the student's.</summary>
    public nn.Module Module => _projectors;

    /// <inheritdoc/>
    public IReadOnlyList<string> StudentFeatures => [_options.StudentFeatures];

    /// <inheritdoc/>
    public IReadOnlyList<string> TeacherFeatures => [_options.TeacherFeatures];

    /// <inheritdoc/>
    public Tensor Compute(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return Compute(
            DecodedFeatures.Of(context.Student, "student", _options.StudentFeatures, nameof(ContrastivePairLoss)),
            DecodedFeatures.Of(context.Teacher, "teacher", _options.TeacherFeatures, nameof(ContrastivePairLoss)),
            context.IgnoredVoxels);
    }

    /// <summary>Computes the loss from features, for a training loop of your own.</summary>
    /// <param name="student">The student's features, [N, studentWidth, spatial...].</param>
    /// <param name="teacher">The teacher's features of the same samples, [N, teacherWidth, spatial...] of the same spatial size;
    /// no gradient flows into them.</param>
    /// <param name="ignored">Voxels that do not count, booleans [N, spatial...] at the resolution of the labels; null (the default) for none.</param>
    /// <returns>A scalar, at least 0.</returns>
    /// <exception cref="ArgumentException">The widths are not those for which the loss was made, or batch or spatial sizes differ.</exception>
    public Tensor Compute(Tensor student, Tensor teacher, Tensor? ignored = null)
    {
        LossShapes.RequireSameGrid(student, teacher);
        RequireWidth(student, _studentWidth, "student");
        RequireWidth(teacher, _teacherWidth, "teacher");
        Tensor students = Embed(_projectors.Student, student, ignored), teachers = Embed(_projectors.Teacher, teacher.detach(), ignored);
        Tensor squared = (students.unsqueeze(1) - teachers.unsqueeze(0)).Squared().sum([2]);
        Tensor apart = squared.AtLeast(SmallestNorm).sqrt().negative().Plus(_options.Margin).relu().Squared();
        Tensor same = eye(squared.shape[0], squared.shape[1], ScalarType.Bool, squared.device);
        return where(same, squared, apart).mean();
    }

    /// <inheritdoc/>
    public void Dispose() => _projectors.Dispose();

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(ContrastivePairLoss)} {_studentWidth} to {_teacherWidth} {JsonSerializer.Serialize(_options)}";

    private static Tensor Embed(nn.Module<Tensor, Tensor> projector, Tensor features, Tensor? ignored)
    {
        Tensor voxels = ReducedPrecision.Widen(features).flatten(2);
        Tensor? ofLevel = ignored is null ? null : CoarserGrid.Of(ignored, features.shape.AsSpan(2), "The features");
        return nn.functional.normalize(projector.call(Mean(voxels, ofLevel)), p: 2, dim: 1, eps: SmallestNorm);
    }

    private static Tensor Mean(Tensor voxels, Tensor? ignored)
    {
        if (ignored is null)
            return voxels.mean([2]);
        Tensor counted = ignored.flatten(1).unsqueeze(1).logical_not().to(voxels.dtype);
        return (voxels * counted).sum([2]) / counted.sum([2]).AtLeast(1);
    }

    private static void RequireWidth(Tensor features, int width, string role)
    {
        if (features.shape[1] != width)
        {
            throw new ArgumentException(
                $"The {role}'s features have {features.shape[1]} channels, but this loss was made for {width}: make it for the widths of the networks.");
        }
    }
}
