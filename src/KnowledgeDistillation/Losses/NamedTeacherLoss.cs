using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>Binds a loss to one of several teachers by name; give each teacher its own term and weight.</summary>
/// <param name="teacher">The name of the teacher.</param>
/// <param name="loss">The loss, which sees this teacher as the only one.</param>
public sealed class NamedTeacherLoss(string teacher, IDistillationLoss loss) : ICompositeLoss
{
    private readonly IDistillationLoss _loss = loss ?? throw new ArgumentNullException(nameof(loss));

    /// <summary>The name of the teacher.</summary>
    public string Teacher { get; } = !string.IsNullOrWhiteSpace(teacher)
        ? teacher
        : throw new ArgumentException("The name of a teacher is needed.", nameof(teacher));

    /// <inheritdoc/>
    public IEnumerable<IDistillationLoss> Parts => [_loss];

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">There is no such teacher.</exception>
    public Tensor Compute(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return _loss.Compute(context.WithOnlyTeacher(Teacher));
    }

    /// <summary>The teacher and its loss: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"TeacherLoss {Teacher} {_loss}";
}
