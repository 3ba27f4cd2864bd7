using System.Text.Json;
using KnowledgeDistillation.Losses;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.GeneralizedDistillation;

/// <summary>
/// The imitation term of generalized distillation (Lopez-Paz, Bottou, Schölkopf and Vapnik 2016): l(s, σ(f_s)), the cross-entropy of the student's
/// probabilities at temperature 1 with the teacher's soft targets s = σ(f_t/T), summed over the classes and averaged over the voxels.
/// </summary>
/// <remarks>
/// With T = 1 it is the pixel-wise term of structured distillation (Liu et al. 2019): that is a Kullback-Leibler divergence, which differs
/// by the entropy of the targets, a constant for the student. Its least value is that entropy, so it is not 0 where the student is as the teacher.
/// Does not grow with the volume. Finite for logits of ±10,000.
/// </remarks>
public sealed class ImitationLoss : IDistillationLoss
{
    private readonly ImitationOptions _options;

    /// <summary>Makes the loss.</summary>
    /// <param name="options">Temperature and reduction; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public ImitationLoss(ImitationOptions? options = null)
    {
        _options = options ?? new ImitationOptions();
        _options.Faults().ThrowIfAny();
    }

    /// <inheritdoc/>
    public Tensor Compute(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.OverCountedVoxels(Compute(context.Student.Logits, context.Teacher.Logits, context.Labels));
    }

    /// <summary>Computes the loss from logits, for a training loop of your own.</summary>
    /// <param name="studentLogits">Raw logits of the student, [N, K, spatial...].</param>
    /// <param name="teacherLogits">Raw logits of the teacher, of the same shape; no gradient flows into them.</param>
    /// <param name="labels">How channels relate to classes.</param>
    /// <returns>A scalar, at least 0.</returns>
    /// <exception cref="ArgumentException">The shapes differ, or the channels are not the label scheme's.</exception>
    public Tensor Compute(Tensor studentLogits, Tensor teacherLogits, LabelScheme labels)
    {
        LossShapes.RequireSame(studentLogits, "student's logits", teacherLogits, "teacher's logits");
        ArgumentNullException.ThrowIfNull(labels);
        Tensor targets = labels.Probabilities(teacherLogits.detach(), _options.Temperature);
        return _options.Reduction.Apply(labels.CrossEntropy(studentLogits, targets).flatten(1).mean([1]));
    }

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(ImitationLoss)} {JsonSerializer.Serialize(_options)}";
}
