using System.Text.Json;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.PrivilegedKnowledge;

/// <summary>
/// The regularized distillation of Chen et al. 2022 (PMKL): the cross-entropy of the teacher's and the student's softened predictions,
/// Σ_v M(v) CE(σ(f_t/T), σ(f_s/T))(v) / Σ_v M(v), where M(v) = max(0, CE(y, p_s)(v) − CE(y, p_t)(v)) if the teacher is right at voxel v, and otherwise 0:
/// the student learns where the teacher is right, and the more, the more the teacher knows better. No gradient flows into M.
/// With overlapping regions, cross-entropies are sums over regions, and the teacher is right where it is in all of them.
/// </summary>
/// <remarks>
/// A weighted mean over the voxels of the whole batch, as in the released code, so it does not grow with the volume. 0 where the student is nowhere worse than
/// a teacher that is right, as at equality. Not scaled by T². Finite for logits of ±10,000.
/// </remarks>
public sealed class PrivilegedTargetLoss : IDistillationLoss
{
    private const double SmallestWeight = 1e-12;

    private readonly PrivilegedTargetOptions _options;

    /// <summary>Makes the loss.</summary>
    /// <param name="options">The temperature; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public PrivilegedTargetLoss(PrivilegedTargetOptions? options = null)
    {
        _options = options ?? new PrivilegedTargetOptions();
        _options.Faults().ThrowIfAny();
    }

    /// <inheritdoc/>
    public Tensor Compute(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        // Where labels are ignored, both name background, and no one knows better.
        return Compute(context.Student.Logits, context.Teacher.Logits, context.Target, context.Labels);
    }

    /// <summary>Computes the loss from logits, for a training loop of your own.</summary>
    /// <param name="studentLogits">Raw logits of the student, [N, K, spatial...].</param>
    /// <param name="teacherLogits">Raw logits of the teacher, of the same shape; no gradient flows into them.</param>
    /// <param name="target">The reference, zeros and ones of the same shape (<see cref="LabelScheme.Encode(Tensor)"/>).</param>
    /// <param name="labels">How channels relate to classes.</param>
    /// <returns>A scalar, at least 0.</returns>
    /// <exception cref="ArgumentException">The shapes differ, or the channels are not the label scheme's.</exception>
    public Tensor Compute(Tensor studentLogits, Tensor teacherLogits, Tensor target, LabelScheme labels)
    {
        LossShapes.RequireSame(studentLogits, "student's logits", teacherLogits, "teacher's logits");
        LossShapes.RequireSame(studentLogits, "student's logits", target, "reference");
        ArgumentNullException.ThrowIfNull(labels);
        Tensor student = ReducedPrecision.Widen(studentLogits), teacher = ReducedPrecision.Widen(teacherLogits.detach());
        Tensor weight = Weight(student.detach(), teacher, target.to(student.dtype), labels);
        Tensor distance = labels.CrossEntropy(student.Over(_options.Temperature), labels.Probabilities(teacher, _options.Temperature));
        return (weight * distance).sum() / weight.sum().AtLeast(SmallestWeight);
    }

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(PrivilegedTargetLoss)} {JsonSerializer.Serialize(_options)}";

    private static Tensor Weight(Tensor student, Tensor teacher, Tensor target, LabelScheme labels)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGradient = no_grad();
        Tensor knowsBetter = (labels.CrossEntropy(student, target) - labels.CrossEntropy(teacher, target)).relu();
        Tensor isRight = labels.Binarize(teacher).eq(target).all(1);
        return (knowsBetter * isRight.to(knowsBetter.dtype)).MoveToOuterDisposeScope();
    }
}
