using System.Text.Json;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.KDNet;

/// <summary>
/// L_KL of KD-Net, eq. 3: Σ_i Σ_j q_i(j) log(q_i(j) / p_i(j)), the Kullback-Leibler divergence KL(teacher ‖ student) between the flattened
/// and normalized bottlenecks, q of the teacher and p of the student.
/// </summary>
/// <remarks>
/// Summed over the elements j, as the paper's weight α = 10 requires: an average over a bottleneck of 30,720 elements would be about 2e-5.
/// The sum does not grow when a volume is doubled by repeating it, because each element then has half the mass.
/// Computed from log-softmax in float32 or wider.
/// </remarks>
public sealed class BottleneckLoss : IDistillationLoss
{
    // Keeps the logarithm of a vanished element finite under the absolute-sum normalization.
    private const double Epsilon = 1e-8;

    private readonly BottleneckOptions _options;

    /// <summary>Makes the loss.</summary>
    /// <param name="options">Normalization, level and reduction; null for the defaults.</param>
    public BottleneckLoss(BottleneckOptions? options = null)
    {
        _options = options ?? new BottleneckOptions();
        _options.Faults().ThrowIfAny();
    }

    /// <inheritdoc/>
    public Tensor Compute(DistillationContext context)
    {
        (Tensor student, Tensor teacher) = EncodedFeatures.Of(context, _options.LevelsAboveBottleneck);
        return Compute(student, teacher);
    }

    /// <summary>Computes the loss from features, for a training loop of your own.</summary>
    /// <param name="student">The student's bottleneck, [N, C, spatial...].</param>
    /// <param name="teacher">The teacher's bottleneck of the same shape; no gradient flows into it.</param>
    /// <returns>A scalar, at least 0.</returns>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public Tensor Compute(Tensor student, Tensor teacher)
    {
        ArgumentNullException.ThrowIfNull(student);
        ArgumentNullException.ThrowIfNull(teacher);
        if (!student.shape.SequenceEqual(teacher.shape))
        {
            throw new ArgumentException($"The student's bottleneck [{string.Join(", ", student.shape)}] and the teacher's [{string.Join(", ", teacher.shape)}] "
                + "must have the same shape: give both networks the same widths and levels, or compare their features through an adapter "
                + $"({nameof(FeatureMatching.AdaptedFeatureMatchingLoss)}).");
        }

        (Tensor logStudent, Tensor logTeacher) = (LogDistribution(student), LogDistribution(teacher.detach()));
        Tensor divergence = (logTeacher.exp() * (logTeacher - logStudent)).sum([-1]);
        return _options.Reduction.Apply(divergence.dim() == 2 ? divergence.mean([1]) : divergence);
    }

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(BottleneckLoss)} {JsonSerializer.Serialize(_options)}";

    private Tensor LogDistribution(Tensor features)
    {
        Tensor wide = ReducedPrecision.Widen(features);
        switch (_options.Normalization)
        {
            case BottleneckNormalization.AbsoluteSum:
                Tensor magnitude = wide.flatten(1).abs().Plus(Epsilon);
                return (magnitude / magnitude.sum([1], keepdim: true)).log();
            case BottleneckNormalization.ChannelSoftmax:
                return nn.functional.log_softmax(wide.flatten(2), -1);
            default:
                return nn.functional.log_softmax(wide.flatten(1), -1);
        }
    }
}
