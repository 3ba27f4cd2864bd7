using System.Text.Json;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.FeatureMatching;

/// <summary>
/// The hint of FitNets (Romero et al. 2015, eq. 3): the mean squared difference of the teacher's features and the student's after a convolution of size 1,
/// an adapter between the two widths that learns together with the student and is of no use afterwards.
/// </summary>
/// <remarks>
/// Does not grow with the volume. Owns the adapter, which is on the CPU at first: move <see cref="Module"/> to the student's device before a fit.
/// Its initial weights are drawn from torch's default generator: call <c>torch.manual_seed</c> before to fix them.
/// </remarks>
public sealed class AdaptedFeatureMatchingLoss : ILearnableLoss, IDisposable
{
    private readonly int _studentWidth;
    private readonly int _teacherWidth;
    private readonly int _spatialDimensions;
    private readonly FeatureMatchingOptions _options;
    private readonly nn.Module<Tensor, Tensor> _adapter;
    private readonly FeatureMatchingLoss _matching;

    /// <summary>Makes the loss and its adapter.</summary>
    /// <param name="studentWidth">Number of channels of the student's features, at least 1.</param>
    /// <param name="teacherWidth">Number of channels of the teacher's features, at least 1.</param>
    /// <param name="spatialDimensions">3 for volumes, 2 for slices.</param>
    /// <param name="options">Level and reduction; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public AdaptedFeatureMatchingLoss(int studentWidth, int teacherWidth, int spatialDimensions = 3, FeatureMatchingOptions? options = null)
    {
        (_studentWidth, _teacherWidth, _spatialDimensions, _options) = (studentWidth, teacherWidth, spatialDimensions, options ?? new FeatureMatchingOptions());
        new OptionFaults(nameof(AdaptedFeatureMatchingLoss))
            .Require(studentWidth >= 1, $"studentWidth must be at least 1, but is {studentWidth}.")
            .Require(teacherWidth >= 1, $"teacherWidth must be at least 1, but is {teacherWidth}.")
            .Require(spatialDimensions is 2 or 3, $"spatialDimensions must be 2 or 3, but is {spatialDimensions}.")
            .Include(nameof(options), _options.Faults())
            .ThrowIfAny();
        _adapter = spatialDimensions == 3 ? nn.Conv3d(studentWidth, teacherWidth, 1) : nn.Conv2d(studentWidth, teacherWidth, 1);
        _matching = new FeatureMatchingLoss(_options);
    }

    /// <summary>The adapter.</summary>
    public nn.Module Module => _adapter;

    /// <inheritdoc/>
    public Tensor Compute(DistillationContext context)
    {
        (Tensor student, Tensor teacher) = EncodedFeatures.Of(context, _options.LevelsAboveBottleneck);
        return Compute(student, teacher);
    }

    /// <summary>Computes the loss from features, for a training loop of your own.</summary>
    /// <param name="student">The student's features, [N, studentWidth, spatial...].</param>
    /// <param name="teacher">The teacher's features, [N, teacherWidth, spatial...] of the same spatial size; no gradient flows into them.</param>
    /// <returns>A scalar, at least 0.</returns>
    /// <exception cref="ArgumentException">The widths are not those for which the loss was made, or batch or spatial sizes differ.</exception>
    public Tensor Compute(Tensor student, Tensor teacher)
    {
        ArgumentNullException.ThrowIfNull(student);
        ArgumentNullException.ThrowIfNull(teacher);
        RequireWidth(student, _studentWidth, "student");
        RequireWidth(teacher, _teacherWidth, "teacher");
        return _matching.Compute(_adapter.call(ReducedPrecision.Widen(student)), teacher);
    }

    /// <inheritdoc/>
    public void Dispose() => _adapter.Dispose();

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() =>
        $"{nameof(AdaptedFeatureMatchingLoss)} {_studentWidth} to {_teacherWidth}, {_spatialDimensions}-D {JsonSerializer.Serialize(_options)}";

    private void RequireWidth(Tensor features, int width, string role)
    {
        if (features.dim() != _spatialDimensions + 2 || features.shape[1] != width)
        {
            throw new ArgumentException($"The {role}'s features have the shape [{string.Join(", ", features.shape)}], but this loss was made for {width} "
                + $"channels and {_spatialDimensions} spatial dimensions.");
        }
    }
}
