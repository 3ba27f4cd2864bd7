using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation;

/// <summary>All that a loss may look at: one batch, and what the student and the teachers made of it.</summary>
/// <remarks>Lives within one training step; its tensors belong to the dispose scope of that step.</remarks>
public sealed class DistillationContext
{
    /// <summary>What the student is called where it is the teacher: see <see cref="ExchangeRoles"/>.</summary>
    internal const string StudentAsTeacher = "student";

    private readonly Tensor? _allOverCounted;
    private readonly Lazy<Tensor> _target;
    private readonly Lazy<Tensor> _studentProbabilities;
    private readonly Lazy<(Tensor LogProbability, Tensor LogComplement)> _studentLogProbabilities;

    /// <summary>Makes a context.</summary>
    /// <param name="batch">The batch, on the student's device.</param>
    /// <param name="labels">How channels relate to classes.</param>
    /// <param name="student">The student's output.</param>
    /// <param name="teachers">The teachers' outputs by name; none when a network is trained on the reference alone.</param>
    /// <exception cref="ArgumentException">The channels of the student's logits are not those of the label scheme.</exception>
    public DistillationContext(Batch batch, LabelScheme labels, NetworkOutput student, IReadOnlyDictionary<string, NetworkOutput>? teachers = null)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(student);
        if (student.Logits.shape[1] != labels.Channels)
        {
            throw new ArgumentException($"The student gives {student.Logits.shape[1]} output channels, but the label scheme has {labels.Channels}: "
                + $"{string.Join(", ", labels.ChannelNames)}.");
        }

        teachers ??= new Dictionary<string, NetworkOutput>();
        if (batch.IgnoredVoxels(labels) is { } ignored)
        {
            IgnoredVoxels = ignored;
            _allOverCounted = ignored.logical_not().sum(ScalarType.Float32).AtLeast(1).reciprocal().Times(ignored.numel());
            (batch, student) = (batch.WithBackground(ignored), Silence(student));
            teachers = teachers.ToDictionary(teacher => teacher.Key, teacher => Silence(teacher.Value), StringComparer.Ordinal);

            NetworkOutput Silence(NetworkOutput output) => output with { Logits = labels.Silence(output.Logits, ignored) };
        }

        (Batch, Labels, Student, Teachers) = (batch, labels, student, teachers);
        _target = new Lazy<Tensor>(() => Keep(Labels.Encode(Batch)), isThreadSafe: false);
        _studentProbabilities = new Lazy<Tensor>(() => Keep(OfStudent(logits => Labels.Probabilities(logits))), isThreadSafe: false);
        _studentLogProbabilities = new Lazy<(Tensor, Tensor)>(
            () =>
            {
                (Tensor logProbability, Tensor logComplement) = OfStudent(Labels.LogProbabilities);
                return (Keep(logProbability), Keep(logComplement));
            },
            isThreadSafe: false);
    }

    private DistillationContext(DistillationContext other, IReadOnlyDictionary<string, NetworkOutput> teachers)
    {
        (Batch, Labels, Student, Teachers, _allOverCounted) = (other.Batch, other.Labels, other.Student, teachers, other._allOverCounted);
        (IgnoredVoxels, Epoch) = (other.IgnoredVoxels, other.Epoch);
        (_target, _studentProbabilities, _studentLogProbabilities) = (other._target, other._studentProbabilities, other._studentLogProbabilities);
    }

    private DistillationContext(DistillationContext other, NetworkOutput student, IReadOnlyDictionary<string, NetworkOutput> teachers)
        : this(other.Batch, other.Labels, student, teachers)
    {
        (_target, _allOverCounted, IgnoredVoxels, Epoch) = (other._target, other._allOverCounted, other.IgnoredVoxels, other.Epoch);
    }

    /// <summary>
    /// The batch with all its modalities, also those that the student does not see. Labels that were <see cref="LabelScheme.Ignored"/> are background here,
    /// as they are in all outputs.
    /// </summary>
    public Batch Batch { get; }

    /// <summary>
    /// Where labels were <see cref="LabelScheme.Ignored"/>, booleans [N, spatial...]; null where none was. Logits name background there, so losses of
    /// predictions need not ask; features are as the networks gave them, and a loss that sums them over voxels leaves these out.
    /// </summary>
    public Tensor? IgnoredVoxels { get; }

    /// <summary>How channels relate to classes.</summary>
    public LabelScheme Labels { get; }

    /// <summary>The student's output.</summary>
    public NetworkOutput Student { get; }

    /// <summary>The teachers' outputs by name.</summary>
    public IReadOnlyDictionary<string, NetworkOutput> Teachers { get; }

    /// <summary>
    /// The number of the epoch, from 0, in which a trainer learns from the batch; null in validation and outside of a trainer. A loss whose weight changes
    /// with the epoch has its last weight there, so that the losses of validation can be compared over the epochs.
    /// </summary>
    public int? Epoch { get; init; }

    /// <summary>The output of the only teacher.</summary>
    /// <exception cref="InvalidOperationException">There is no teacher, or more than one.</exception>
    public NetworkOutput Teacher => Teachers.Count == 1
        ? Teachers.Values.First()
        : throw new InvalidOperationException(Teachers.Count == 0
            ? "This loss needs a teacher: train with a DistillationTrainer, or leave the loss out."
            : $"This loss needs one teacher, but there are {Teachers.Count}: {string.Join(", ", Teachers.Keys)}. Give each teacher its own term.");

    /// <summary>The reference as the network's channels should give it, float32 [N, K, spatial...] of zeros and ones; computed once.</summary>
    public Tensor Target => _target.Value;

    /// <summary>The student's probabilities at temperature 1, [N, K, spatial...]; computed once, shared by the losses.</summary>
    public Tensor StudentProbabilities => _studentProbabilities.Value;

    /// <summary>
    /// The logarithms of the student's probabilities p at temperature 1 and of 1 − p; computed once, because they cost more than the probabilities.
    /// </summary>
    internal (Tensor LogProbability, Tensor LogComplement) StudentLogProbabilities => _studentLogProbabilities.Value;

    /// <summary>
    /// Values by channel with 0 in every channel where labels were <see cref="LabelScheme.Ignored"/>, for a Dice that counts background, of which there would
    /// be as much as there are such voxels; the very same tensor where none is.
    /// </summary>
    internal Tensor OnlyCounted(Tensor values) => IgnoredVoxels is null ? values : values * IgnoredVoxels.logical_not().unsqueeze(1).to(values.dtype);

    /// <summary>
    /// Makes an average over all voxels one over those that count: where labels were <see cref="LabelScheme.Ignored"/>, nothing was added to the sum, but the
    /// number by which it was divided holds these voxels too. A loss that averages over voxels asks for it at last.
    /// </summary>
    /// <param name="average">An average over all voxels of the whole batch, a scalar, to which ignored ones add 0.</param>
    /// <returns>The average times all voxels of the batch over those that count; the very same tensor where none is ignored, 0 where all are.</returns>
    public Tensor OverCountedVoxels(Tensor average) => _allOverCounted is null ? average : average * _allOverCounted;

    /// <summary>The same context as one of the teachers alone would see it.</summary>
    /// <exception cref="ArgumentException">There is no such teacher.</exception>
    public DistillationContext WithOnlyTeacher(string name) => Teachers.TryGetValue(name, out NetworkOutput? teacher)
        ? new DistillationContext(this, new Dictionary<string, NetworkOutput> { [name] = teacher })
        : throw new ArgumentException($"There is no teacher '{name}'; there are: {string.Join(", ", Teachers.Keys)}.", nameof(name));

    /// <summary>
    /// The same context with the roles exchanged: the only teacher is the student, and the student the only teacher, named "student".
    /// A teacher that learns sees its own losses so: see <see cref="Losses.TeacherAsStudentLoss"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no teacher, or more than one.</exception>
    /// <exception cref="ArgumentException">The channels of the teacher's logits are not those of the label scheme.</exception>
    public DistillationContext ExchangeRoles() => new(this, Teacher, new Dictionary<string, NetworkOutput> { [StudentAsTeacher] = Student });

    /// <summary>
    /// The same context with outputs through which no gradient flows, for a loss that trains something of its own. A frozen teacher's stays as it is.
    /// </summary>
    internal DistillationContext Detach() => new(
        this,
        Student.Detach(),
        Teachers.Values.Any(Learns)
            ? Teachers.ToDictionary(teacher => teacher.Key, teacher => Learns(teacher.Value) ? teacher.Value.Detach() : teacher.Value, StringComparer.Ordinal)
            : Teachers);

    private static bool Learns(NetworkOutput teacher) => teacher.Logits.requires_grad;

    private Tensor Keep(Tensor tensor) => tensor.MoveToDisposeScopeOf(Student.Logits);

    // A term of weight 0 is computed without recording a graph. If it is the first to ask, the terms after it still need the gradient.
    private T OfStudent<T>(Func<Tensor, T> compute)
    {
        using IDisposable gradientMode = set_grad_enabled(Student.Logits.requires_grad);
        return compute(Student.Logits);
    }
}
