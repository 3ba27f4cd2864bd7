using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>
/// The mean of one loss over all teachers, weighted if you like: Σ_m w_m L(student, teacher m) / Σ_m w_m. Each teacher is seen by the loss as the only one.
/// </summary>
/// <remarks>
/// Works with any loss that keeps no state per teacher. A loss of features requires that the features of each teacher fit those of the student.
/// To distil from the mean of the teachers' predictions instead, make them one network: <see cref="Networks.EnsembleNetwork"/>.
/// To give each teacher a loss of its own, see <see cref="NamedTeacherLoss"/>.
/// </remarks>
public sealed class TeacherMeanLoss : ICompositeLoss
{
    private readonly IDistillationLoss _loss;
    private readonly SortedDictionary<string, double>? _weights;

    /// <summary>Makes the loss.</summary>
    /// <param name="loss">The loss that is averaged.</param>
    /// <param name="weights">The weight of each teacher by name, finite and at least 0, not all 0; they need not add up to 1.
    /// Null to give all the same.</param>
    /// <exception cref="ArgumentException">The loss trains something of its own, or weights are not valid; the message lists every fault.</exception>
    public TeacherMeanLoss(IDistillationLoss loss, IReadOnlyDictionary<string, double>? weights = null)
    {
        ArgumentNullException.ThrowIfNull(loss);
        var faults = new OptionFaults(nameof(TeacherMeanLoss));
        foreach (ISelfTrainingLoss own in Within(loss).OfType<ISelfTrainingLoss>())
        {
            faults.Require(false,
                $"{own.GetType().Name} trains something of its own against one teacher, so it cannot be averaged over several: "
                + $"give each teacher its own term with a {nameof(NamedTeacherLoss)}.");
        }

        if (weights is not null)
        {
            foreach ((string name, double weight) in weights.OrderBy(weight => weight.Key, StringComparer.Ordinal))
                faults.Require(weight >= 0 && double.IsFinite(weight), $"The weight of the teacher '{name}' must be finite and at least 0, but is {weight}.");
            faults.Require(weights.Values.Any(weight => weight > 0), "At least one teacher must have a weight above 0.");
            _weights = new SortedDictionary<string, double>(weights.ToDictionary(), StringComparer.Ordinal);
        }

        faults.ThrowIfAny();
        _loss = loss;
    }

    /// <inheritdoc/>
    public IEnumerable<IDistillationLoss> Parts => [_loss];

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">There is no teacher.</exception>
    /// <exception cref="ArgumentException">The names of the teachers are not those of the weights.</exception>
    public Tensor Compute(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        // A teacher without weight is not computed at all.
        (string Name, double Weight)[] teachers = [.. Weights([.. context.Teachers.Keys]).Where(teacher => teacher.Weight > 0)];
        double sum = teachers.Sum(teacher => teacher.Weight);
        return teachers
            .Select(teacher => _loss.Compute(context.WithOnlyTeacher(teacher.Name)).Times(teacher.Weight / sum))
            .Aggregate((total, value) => total.Plus(value));
    }

    /// <summary>Whether a teacher counts: one without weight is not computed at all.</summary>
    internal bool Counts(string teacher) => _weights is null || !_weights.TryGetValue(teacher, out double weight) || weight > 0;

    /// <summary>The loss and the weights: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() =>
        $"{nameof(TeacherMeanLoss)} "
            + $"{(_weights is null ? "" : $"{string.Join(", ", _weights.Select(weight => FormattableString.Invariant($"{weight.Value:R} {weight.Key}")))} ")}"
            + $"{_loss}";

    private IEnumerable<(string Name, double Weight)> Weights(string[] teachers)
    {
        if (teachers.Length == 0)
            throw new InvalidOperationException("This loss needs a teacher: train with a DistillationTrainer, or leave the loss out.");
        if (_weights is null)
            return teachers.Select(name => (name, 1.0));
        return _weights.Keys.ToHashSet(StringComparer.Ordinal).SetEquals(teachers)
            ? teachers.Select(name => (name, _weights[name]))
            : throw new ArgumentException($"The weights are for the teachers {string.Join(", ", _weights.Keys)}, but there are: {string.Join(", ", teachers)}. "
                + "Give each teacher a weight, 0 to leave it out.");
    }

    private static IEnumerable<IDistillationLoss> Within(IDistillationLoss loss) =>
        loss is ICompositeLoss composite ? composite.Parts.SelectMany(Within).Prepend(loss) : [loss];
}
