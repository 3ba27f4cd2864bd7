using System.Text.Json;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.Hinton;

/// <summary>
/// T² · KL(σ(f_t/T) ‖ σ(f_s/T)), the distillation term of Hinton, Vinyals and Dean 2015 (section 2) with the temperature on both sides:
/// summed over the classes, averaged over the voxels.
/// With overlapping regions it is the sum of the divergences of one yes or no per region.
/// </summary>
/// <remarks>
/// Does not grow with the volume. The original, with one label per image, takes the mean over the batch alone, which would grow with the number of voxels.
/// Zero where the student is as the teacher. Finite for logits of ±10,000.
/// </remarks>
public sealed class HintonLoss : IDistillationLoss
{
    private readonly HintonOptions _options;

    /// <summary>Makes the loss.</summary>
    /// <param name="options">Temperature, scale and reduction; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public HintonLoss(HintonOptions? options = null)
    {
        _options = options ?? new HintonOptions();
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
    /// <returns>A scalar, at least 0 up to rounding.</returns>
    /// <exception cref="ArgumentException">The shapes differ, or the channels are not the label scheme's.</exception>
    public Tensor Compute(Tensor studentLogits, Tensor teacherLogits, LabelScheme labels)
    {
        LossShapes.RequireSame(studentLogits, "student's logits", teacherLogits, "teacher's logits");
        ArgumentNullException.ThrowIfNull(labels);
        Tensor softStudent = ReducedPrecision.Widen(studentLogits).Over(_options.Temperature);
        Tensor softTeacher = ReducedPrecision.Widen(teacherLogits.detach()).Over(_options.Temperature);
        Tensor targets = labels.Probabilities(softTeacher);
        Tensor divergence = labels.CrossEntropy(softStudent, targets) - labels.CrossEntropy(softTeacher, targets);
        Tensor loss = _options.Reduction.Apply(divergence.flatten(1).mean([1]));
        return _options.ScaleBySquaredTemperature ? loss.Times(_options.Temperature * _options.Temperature) : loss;
    }

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(HintonLoss)} {JsonSerializer.Serialize(_options)}";
}
