using System.Text.Json;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.AdversarialCoTraining;

/// <summary>
/// The consistency of two networks that learn together (a term of ACN, Wang et al. 2021, and of SMU-Net, Azad et al. 2022): the distance of their
/// probabilities at a voxel, averaged over the voxels. Both are moved by it, the teacher towards the student as much as the student towards the teacher.
/// </summary>
/// <remarks>
/// Of a frozen teacher the student learns from it as from <see cref="Consistency.ZeroOrderConsistencyLoss"/>.
/// Does not grow with the volume. Zero where the student is as the teacher. Finite for logits of ±10,000.
/// </remarks>
public sealed class CoTrainingConsistencyLoss : IDistillationLoss
{
    private readonly CoTrainingConsistencyOptions _options;

    /// <summary>Makes the loss.</summary>
    /// <param name="options">Distance and reduction; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public CoTrainingConsistencyLoss(CoTrainingConsistencyOptions? options = null)
    {
        _options = options ?? new CoTrainingConsistencyOptions();
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
    /// <param name="teacherLogits">Raw logits of the teacher, of the same shape; a gradient flows into them, too.</param>
    /// <param name="labels">How channels relate to classes.</param>
    /// <returns>A scalar, at least 0 up to rounding.</returns>
    /// <exception cref="ArgumentException">The shapes differ, or the channels are not the label scheme's.</exception>
    public Tensor Compute(Tensor studentLogits, Tensor teacherLogits, LabelScheme labels)
    {
        LossShapes.RequireSame(studentLogits, "student's logits", teacherLogits, "teacher's logits");
        ArgumentNullException.ThrowIfNull(labels);
        Tensor teacher = labels.Probabilities(teacherLogits);
        Tensor distance = _options.Distance == ConsistencyDistance.SquaredError
            ? (teacher - labels.Probabilities(studentLogits)).Squared().sum([1])
            : labels.CrossEntropy(studentLogits, teacher) - labels.CrossEntropy(teacherLogits, teacher);
        return _options.Reduction.Apply(distance.flatten(1).mean([1]));
    }

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(CoTrainingConsistencyLoss)} {JsonSerializer.Serialize(_options)}";
}
