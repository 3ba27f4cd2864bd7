using System.Text.Json;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.Consistency;

/// <summary>
/// The first-order term of Xie et al. 2018: (C_t − C_s)², averaged over the voxels, of the consistency maps C(i) = Σ_j ‖p_i − p_j‖² of teacher and student,
/// j running over the neighbors of voxel i. It teaches where borders are and how sharp.
/// </summary>
/// <remarks>
/// Neighbors outside the volume do not count. The distance of two voxels is the squared Euclidean distance of their probabilities,
/// which is differentiable where they are equal.
/// Does not grow with the volume. Zero where the student is as the teacher. Finite for logits of ±10,000.
/// Needs the memory of a few maps, however many neighbors there are.
/// </remarks>
public sealed class FirstOrderConsistencyLoss : IDistillationLoss
{
    private readonly FirstOrderConsistencyOptions _options;

    /// <summary>Makes the loss.</summary>
    /// <param name="options">Neighborhood and reduction; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public FirstOrderConsistencyLoss(FirstOrderConsistencyOptions? options = null)
    {
        _options = options ?? new FirstOrderConsistencyOptions();
        _options.Faults().ThrowIfAny();
    }

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
        Tensor difference = ConsistencyMap(teacher.detach()) - ConsistencyMap(student);
        return _options.Reduction.Apply(difference.Squared().flatten(1).mean([1]));
    }

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(FirstOrderConsistencyLoss)} {JsonSerializer.Serialize(_options)}";

    // Σ_j ‖p_i − p_j‖² = n_i ‖p_i‖² + Σ_j ‖p_j‖² − 2 p_i · Σ_j p_j: sums over neighbors of two maps instead of one difference per neighbor.
    private Tensor ConsistencyMap(Tensor probabilities)
    {
        Tensor square = probabilities.Squared().sum([1], keepdim: true);
        Tensor neighbors = SumOfNeighbors(ones_like(square.narrow(0, 0, 1), requires_grad: false));
        Tensor product = (probabilities * SumOfNeighbors(probabilities)).sum([1], keepdim: true);
        return (neighbors * square).Plus(SumOfNeighbors(square)) - product.Times(2);
    }

    private Tensor SumOfNeighbors(Tensor map)
    {
        int[] axes = [.. Enumerable.Range(2, (int)map.dim() - 2)];
        return _options.Neighborhood == Neighborhood.Faces
            ? axes.Select(axis => SumOfBothSides(map, axis)).Aggregate((sum, alongAxis) => sum.Plus(alongAxis))
            // A window of three voxels along every axis, one axis after the other, without its center.
            : axes.Aggregate(map, (sum, axis) => sum.Plus(SumOfBothSides(sum, axis))) - map;
    }

    private static Tensor SumOfBothSides(Tensor map, int axis)
    {
        long length = map.shape[axis];
        Tensor outside = zeros_like(map.narrow(axis, 0, 1), requires_grad: false);
        Tensor before = cat([outside, map.narrow(axis, 0, length - 1)], axis);
        Tensor after = cat([map.narrow(axis, 1, length - 1), outside], axis);
        return before.Plus(after);
    }
}
