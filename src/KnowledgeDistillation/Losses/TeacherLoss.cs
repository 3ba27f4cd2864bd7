using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>Binds a loss to one of several teachers by name; give each teacher its own term and weight.</summary>
/// <param name="teacher">The name of the teacher.</param>
/// <param name="loss">The loss, which sees this teacher as the only one.</param>
public sealed class TeacherLoss(string teacher, IDistillationLoss loss) : ICompositeLoss
{
    /// <summary>The name of the teacher.</summary>
    public string Teacher => teacher;

    /// <inheritdoc/>
    public IEnumerable<IDistillationLoss> Parts => [loss];

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">There is no such teacher.</exception>
    public Tensor Compute(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return loss.Compute(context.WithOnlyTeacher(teacher));
    }
}
