using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.Consistency;

/// <summary>
/// The zero-order term of Xie et al. 2018: ‖p_t − p_s‖², the squared distance of the probabilities of teacher and student at a voxel, averaged over the voxels.
/// </summary>
/// <remarks>Does not grow with the volume; at most 2 with exclusive classes. Zero where the student is as the teacher. Finite for logits of ±10,000.</remarks>
/// <param name="reduction">How samples are reduced.</param>
public sealed class ZeroOrderConsistencyLoss(BatchReduction reduction = BatchReduction.Mean) : IDistillationLoss
{
    private readonly BatchReduction _reduction = reduction.Checked();

    /// <inheritdoc/>
    public Tensor Compute(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.OverCountedVoxels(Compute(context.StudentProbabilities, context.Labels.Probabilities(context.Teacher.Logits)));
    }

    /// <summary>Computes the loss from probabilities, for a training loop of your own.</summary>
    /// <param name="student">Probabilities of the student, [N, K, spatial...].</param>
    /// <param name="teacher">Probabilities of the teacher, of the same shape; no gradient flows into them.</param>
    /// <returns>A scalar, at least 0.</returns>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public Tensor Compute(Tensor student, Tensor teacher)
    {
        LossShapes.RequireSame(student, "student's probabilities", teacher, "teacher's probabilities");
        return _reduction.Apply((teacher.detach() - student).Squared().sum([1]).flatten(1).mean([1]));
    }

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(ZeroOrderConsistencyLoss)} {_reduction}";
}
