using System.Text.Json;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.AdversarialCoTraining;

/// <summary>
/// The modality-mutual information term of ACN (Wang et al. 2021, after Ahn et al. 2019): the teacher's features A_t are to be told from the
/// student's A_s by a normal distribution, −log q(A_t | A_s) = (A_t − μ(A_s))² / (2 σ_c²) + ½ log σ_c² up to a constant, averaged over all elements. μ is
/// three convolutions of size 1 with ReLU between them, σ_c² = log(1 + exp ρ_c) + 1e-5 a variance of each channel; both learn with the student.
/// The lower it is, the more of the teacher's information the student's features hold: minus the term bounds the mutual information from below.
/// </summary>
/// <remarks>
/// <para>
/// No gradient flows into the teacher, whose features would otherwise become easy to tell by becoming poor. May be negative where the variance is small.
/// Does not grow with the volume. Computed in float32 or wider.
/// </para>
/// <para>
/// Owns the module, which is on the CPU at first: move <see cref="Module"/> to the student's device before a fit.
/// Its initial weights are drawn from torch's default generator: call <c>torch.manual_seed</c> before to fix them.
/// </para>
/// </remarks>
public sealed class ModalityMutualInformationLoss : ILearnableLoss, IDisposable
{
    private const double SmallestVariance = 1e-5;

    private readonly int _studentWidth;
    private readonly int _teacherWidth;
    private readonly int _spatialDimensions;
    private readonly ModalityMutualInformationOptions _options;
    private readonly FeaturePredictor _predictor;

    /// <summary>Makes the loss and what it learns.</summary>
    /// <param name="studentWidth">Number of channels of the student's features, at least 1.</param>
    /// <param name="teacherWidth">Number of channels of the teacher's features, at least 1.</param>
    /// <param name="spatialDimensions">3 for volumes, 2 for slices.</param>
    /// <param name="options">Level and first variance; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public ModalityMutualInformationLoss(int studentWidth, int teacherWidth, int spatialDimensions = 3, ModalityMutualInformationOptions? options = null)
    {
        (_studentWidth, _teacherWidth, _spatialDimensions) = (studentWidth, teacherWidth, spatialDimensions);
        _options = options ?? new ModalityMutualInformationOptions();
        new OptionFaults(nameof(ModalityMutualInformationLoss))
            .Require(studentWidth >= 1, $"studentWidth must be at least 1, but is {studentWidth}.")
            .Require(teacherWidth >= 1, $"teacherWidth must be at least 1, but is {teacherWidth}.")
            .Require(spatialDimensions is 2 or 3, $"spatialDimensions must be 2 or 3, but is {spatialDimensions}.")
            .Include(nameof(options), _options.Faults())
            .ThrowIfAny();
        // The ρ whose softplus is the variance that is asked for.
        double start = Math.Log(Math.Exp(_options.FirstVariance - SmallestVariance) - 1);
        _predictor = new FeaturePredictor(studentWidth, teacherWidth, spatialDimensions, start);
    }

    /// <summary>What predicts the teacher's features.</summary>
    public nn.Module Module => _predictor;

    /// <inheritdoc/>
    public Tensor Compute(DistillationContext context)
    {
        (Tensor student, Tensor teacher) = EncodedFeatures.Of(context, _options.LevelsAboveBottleneck);
        return Compute(student, teacher);
    }

    /// <summary>Computes the loss from features, for a training loop of your own.</summary>
    /// <param name="student">The student's features, [N, studentWidth, spatial...].</param>
    /// <param name="teacher">The teacher's features, [N, teacherWidth, spatial...] of the same spatial size; no gradient flows into them.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ArgumentException">The widths are not those for which the loss was made, or batch or spatial sizes differ.</exception>
    public Tensor Compute(Tensor student, Tensor teacher)
    {
        LossShapes.RequireSameGrid(student, teacher);
        RequireWidth(student, _studentWidth, "student");
        RequireWidth(teacher, _teacherWidth, "teacher");
        long[] perChannel = [1, _teacherWidth, .. Enumerable.Repeat(1L, _spatialDimensions)];
        Tensor variance = (-nn.functional.logsigmoid(-_predictor.LogScale)).Plus(SmallestVariance).reshape(perChannel);
        Tensor distance = (ReducedPrecision.Widen(teacher.detach()) - _predictor.call(ReducedPrecision.Widen(student))).Squared();
        return distance.div(variance).Plus(variance.log()).mean().Over(2);
    }

    /// <inheritdoc/>
    public void Dispose() => _predictor.Dispose();

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() =>
        $"{nameof(ModalityMutualInformationLoss)} {_studentWidth} to {_teacherWidth}, {_spatialDimensions}-D {JsonSerializer.Serialize(_options)}";

    private void RequireWidth(Tensor features, int width, string role)
    {
        if (features.dim() != _spatialDimensions + 2 || features.shape[1] != width)
        {
            throw new ArgumentException($"The {role}'s features have the shape [{string.Join(", ", features.shape)}], but this loss was made for {width} "
                + $"channels and {_spatialDimensions} spatial dimensions.");
        }
    }

    private sealed class FeaturePredictor : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> first, second, third;
        private readonly Parameter scale;

        public FeaturePredictor(int studentWidth, int teacherWidth, int spatialDimensions, double start)
            : base(nameof(FeaturePredictor))
        {
            first = Convolution(studentWidth, studentWidth);
            second = Convolution(studentWidth, studentWidth);
            third = Convolution(studentWidth, teacherWidth);
            scale = new Parameter(tensor([.. Enumerable.Repeat((float)start, teacherWidth)]));
            // What a module of one's own makes within a caller's dispose scope would go with it.
            scale.DetachFromDisposeScope();
            RegisterComponents();

            nn.Module<Tensor, Tensor> Convolution(long inputs, long outputs) =>
                spatialDimensions == 3 ? nn.Conv3d(inputs, outputs, 1, bias: false) : nn.Conv2d(inputs, outputs, 1, bias: false);
        }

        public Tensor LogScale => scale;

        public override Tensor forward(Tensor input) => third.call(second.call(first.call(input).relu()).relu());
    }
}
