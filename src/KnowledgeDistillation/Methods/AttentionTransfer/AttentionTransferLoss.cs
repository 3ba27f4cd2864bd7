using System.Text.Json;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.AttentionTransfer;

/// <summary>
/// Attention transfer (Zagoruyko and Komodakis 2017, eq. 2): the attention map of a level is Q = Σ_c |A_c|^p over its channels,
/// divided by its Euclidean norm over the voxels; the loss is the squared distance ‖Q_s/‖Q_s‖ − Q_t/‖Q_t‖‖² of student and teacher,
/// summed over the voxels and averaged over the levels. Numbers of channels may differ.
/// </summary>
/// <remarks>
/// A squared distance of unit vectors lies in [0, 2] for maps without negative values, so the sum over the voxels does not grow
/// with the volume (a mean would shrink with it).
/// Zero where the maps are proportional. Computed in float32 or wider.
/// </remarks>
public sealed class AttentionTransferLoss : IDistillationLoss
{
    private const double SmallestNorm = 1e-12;

    private readonly AttentionTransferOptions _options;

    /// <summary>Makes the loss.</summary>
    /// <param name="options">Power, levels and reduction; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public AttentionTransferLoss(AttentionTransferOptions? options = null)
    {
        _options = options ?? new AttentionTransferOptions();
        _options.Faults().ThrowIfAny();
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">One of the networks has fewer levels than are compared, or spatial sizes differ.</exception>
    public Tensor Compute(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return Compute(Levels(context.Student, "student"), Levels(context.Teacher, "teacher"));
    }

    /// <summary>Computes the loss from features, for a training loop of your own.</summary>
    /// <param name="student">The student's features by level, each [N, C, spatial...].</param>
    /// <param name="teacher">The teacher's features by level, each of the same batch and spatial size; no gradient flows into them.</param>
    /// <returns>A scalar, at least 0.</returns>
    /// <exception cref="ArgumentException">There is no level, their numbers differ, or batch or spatial sizes differ.</exception>
    public Tensor Compute(IReadOnlyList<Tensor> student, IReadOnlyList<Tensor> teacher)
    {
        ArgumentNullException.ThrowIfNull(student);
        ArgumentNullException.ThrowIfNull(teacher);
        if (student.Count == 0 || student.Count != teacher.Count)
        {
            throw new ArgumentException($"The student gives {student.Count} levels and the teacher {teacher.Count}: attention is compared level by level, "
                + "so give both the same number, at least one, or set DeepestLevels.");
        }

        return _options.Reduction.Apply(stack([.. student.Zip(teacher, Distance)]).mean([0]));
    }

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(AttentionTransferLoss)} {JsonSerializer.Serialize(_options)}";

    private Tensor Distance(Tensor student, Tensor teacher)
    {
        LossShapes.RequireSameGrid(student, teacher);
        return (Attention(student) - Attention(teacher.detach())).Squared().sum([1]);
    }

    private Tensor Attention(Tensor features)
    {
        Tensor map = ReducedPrecision.Widen(features).abs().Power(_options.Power).sum([1]).flatten(1);
        return nn.functional.normalize(map, p: 2, dim: 1, eps: SmallestNorm);
    }

    private IReadOnlyList<Tensor> Levels(NetworkOutput output, string role)
    {
        IReadOnlyList<Tensor> levels = output.Encoding.Levels;
        int count = _options.DeepestLevels ?? levels.Count;
        return count <= levels.Count
            ? [.. levels.TakeLast(count)]
            : throw new ArgumentException($"The {role}'s encoding has {levels.Count} levels, but {count} are to be compared.");
    }
}
