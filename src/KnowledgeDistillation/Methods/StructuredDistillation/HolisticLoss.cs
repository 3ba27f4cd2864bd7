using System.Text.Json;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.StructuredDistillation;

/// <summary>
/// The holistic term of structured distillation (Liu et al. 2019): a critic D, trained alongside, scores segmentation maps together with the images that belong
/// to them; the loss is E[D(q_t | I)] − E[D(q_s | I)], an estimate of the Wasserstein distance of the teacher's and the student's maps q. The critic minimizes
/// E[D(q_s | I)] − E[D(q_t | I)] plus the gradient penalty of Gulrajani et al. 2017, 10 · E[(‖∇D(q̂ | I)‖ − 1)²] at random points q̂ between the two maps.
/// </summary>
/// <remarks>
/// <para>
/// The maps are probabilities. The paper's released code takes logits; probabilities do not change when all logits of a voxel do,
/// and are bounded whatever the logits. The images are those that the caller names, as in the paper; its released code leaves them out.
/// The critic is fully convolutional as the paper's, without its two self-attention modules, whose memory grows with the square of the voxels.
/// </para>
/// <para>
/// Distances of maps are root mean squares over the voxels, so the gradient's norm in the penalty is that of the dual norm, √voxels · ‖∇D‖₂.
/// With the plain Euclidean norm the loss of a trained critic would grow with the root of the number of voxels. Zero where the student is as the teacher.
/// The loss moves with the critic and may be negative while that learns: it says little as a number to watch.
/// </para>
/// <para>
/// Owns critic and optimizer. The critic's initial weights and the points of the penalty are drawn from torch's default generator:
/// call <c>torch.manual_seed</c> before to fix the weights; the trainers fix the points.
/// </para>
/// </remarks>
public sealed class HolisticLoss : ISelfTrainingLoss, IDisposable
{
    // The square root has no slope at 0, where a critic that has learned nothing may be.
    private const double SmallestSquare = 1e-12;

    private readonly HolisticOptions _options;
    private readonly IReadOnlyList<string> _modalities;
    private readonly int _channels;
    private readonly SegmentationCritic _critic;

    /// <summary>Makes the loss, its critic and the critic's optimizer.</summary>
    /// <param name="labels">How the channels of student and teacher relate to classes.</param>
    /// <param name="modalities">The modalities that the critic sees beside a map, usually the student's, each of one channel;
    /// none to show it the map alone.</param>
    /// <param name="options">Critic and optimizer; null for the defaults.</param>
    /// <param name="device">The student's device; null for the CPU. It cannot be changed later, because the optimizer holds the parameters.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public HolisticLoss(LabelScheme labels, IReadOnlyList<string> modalities, HolisticOptions? options = null, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(modalities);
        _options = options ?? new HolisticOptions();
        _options.Faults().ThrowIfAny();
        (_modalities, _channels) = ([.. modalities], labels.Channels);
        _critic = new SegmentationCritic(_channels + _modalities.Count, _options);
        if (device is not null)
            _critic.to(device);
        Optimizer = new Runtime.Adam(_critic.parameters(), _options.LearningRate, beta1: 0, beta2: 0.9);
    }

    /// <summary>The critic.</summary>
    public nn.Module Module => _critic;

    /// <summary>The critic's optimizer.</summary>
    public OptimizerHelper Optimizer { get; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The batch lacks one of the modalities, or shapes do not fit.</exception>
    public Tensor Compute(DistillationContext context)
    {
        (Tensor student, Tensor teacher, Tensor? images) = Maps(context);
        Tensor teacherScore;
        using (no_grad())
            teacherScore = Score(teacher, images);
        return (teacherScore - Score(student, images)).mean();
    }

    /// <summary>What the critic minimizes: it learns to score the teacher's maps above the student's, with a slope of about 1 between them.</summary>
    /// <exception cref="ArgumentException">The batch lacks one of the modalities, or shapes do not fit.</exception>
    public Tensor ComputeOwn(DistillationContext context)
    {
        (Tensor student, Tensor teacher, Tensor? images) = Maps(context);
        student = student.detach();
        Tensor distance = (Score(student, images) - Score(teacher, images)).mean();
        return distance.Plus(GradientPenalty(student, teacher, images).Times(_options.GradientPenalty));
    }

    /// <summary>The critic's score of each map: the higher, the more it takes it for a teacher's.</summary>
    /// <param name="probabilities">Probabilities [N, K, spatial...].</param>
    /// <param name="images">The images of the same samples, which hold the modalities that the critic sees.</param>
    /// <returns>[N].</returns>
    /// <exception cref="ArgumentException">A modality is missing, or shapes do not fit.</exception>
    public Tensor Score(Tensor probabilities, ModalityImages images)
    {
        ArgumentNullException.ThrowIfNull(probabilities);
        ArgumentNullException.ThrowIfNull(images);
        return Score(probabilities, Concatenate(images));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Optimizer.Dispose();
        _critic.Dispose();
    }

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() =>
        $"{nameof(HolisticLoss)} {_channels} channels with {string.Join(", ", _modalities)} {JsonSerializer.Serialize(_options)}";

    private (Tensor Student, Tensor Teacher, Tensor? Images) Maps(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        Tensor teacher = context.Labels.Probabilities(context.Teacher.Logits.detach());
        LossShapes.RequireSame(context.StudentProbabilities, "student's probabilities", teacher, "teacher's probabilities");
        return (context.StudentProbabilities, teacher, Concatenate(context.Batch.Images));
    }

    private Tensor? Concatenate(ModalityImages images) => _modalities.Count == 0 ? null : images.Concatenate(_modalities);

    private Tensor Score(Tensor map, Tensor? images)
    {
        if (map.dim() != _options.SpatialDimensions + 2 || map.shape[1] != _channels)
        {
            throw new ArgumentException($"The critic was made for maps of {_channels} channels and {_options.SpatialDimensions} spatial dimensions, "
                + $"but the shape is [{string.Join(", ", map.shape)}].");
        }

        if (images is null)
            return _critic.call(map);
        long[] expected = [map.shape[0], _modalities.Count, .. map.shape[2..]];
        if (!images.shape.SequenceEqual(expected))
        {
            throw new ArgumentException($"The critic sees the maps [{string.Join(", ", map.shape)}] together with images of {string.Join(", ", _modalities)} "
                + $"[{string.Join(", ", expected)}], but those have the shape [{string.Join(", ", images.shape)}].");
        }

        return _critic.call(cat([map, images.to(map.dtype)], 1));
    }

    private Tensor GradientPenalty(Tensor student, Tensor teacher, Tensor? images)
    {
        long[] onePerSample = [student.shape[0], .. Enumerable.Repeat(1L, (int)student.dim() - 1)];
        Tensor share = rand(onePerSample, student.dtype, student.device);
        Tensor between = student.Plus(share * (teacher - student)).detach().requires_grad_(true);
        Tensor gradient = autograd.grad([Score(between, images).sum()], [between], retain_graph: true, create_graph: true)[0];
        double voxels = student.shape[2..].Aggregate(1L, (product, length) => product * length);
        Tensor norm = gradient.Squared().flatten(1).sum([1]).Times(voxels).Plus(SmallestSquare).sqrt();
        return norm.Minus(1).Squared().mean();
    }
}
