using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>
/// A loss with the roles exchanged: it sees the only teacher as the student, and the student as the only teacher. So a teacher that learns
/// (<see cref="Teachers.LearningTeacher"/>) has a loss of its own: of the reference, which it learns as any network does, or of what the student found.
/// </summary>
/// <remarks>
/// With a loss that gives no gradient to a teacher, as those of the library do, it gives none to the student here. A frozen teacher learns nothing from it.
/// </remarks>
/// <param name="loss">The loss of the teacher.</param>
public sealed class TeacherAsStudentLoss(IDistillationLoss loss) : ICompositeLoss
{
    private readonly IDistillationLoss _loss = loss ?? throw new ArgumentNullException(nameof(loss));

    /// <inheritdoc/>
    public IEnumerable<IDistillationLoss> Parts => [_loss];

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">There is no teacher, or more than one.</exception>
    public Tensor Compute(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return _loss.Compute(context.ExchangeRoles());
    }

    /// <summary>The name and the loss: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(TeacherAsStudentLoss)} {_loss}";
}
