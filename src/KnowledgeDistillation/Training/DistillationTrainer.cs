using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Teachers;
using Microsoft.Extensions.Logging;

namespace KnowledgeDistillation.Training;

/// <summary>Trains a student with the help of frozen teachers (KD-Net, section 2).</summary>
/// <remarks>Student, teachers and objective belong to the caller. Not safe for use by several threads at once.</remarks>
public sealed class DistillationTrainer : ITrainer
{
    private readonly Trainer _trainer;

    /// <summary>Makes a trainer with one teacher.</summary>
    /// <param name="student">The network that learns, already on its device.</param>
    /// <param name="teacher">The network that it learns from, on the same device.</param>
    /// <param name="labels">How the channels of both relate to classes.</param>
    /// <param name="options">How the student is fitted; null for the paper's protocol.</param>
    /// <param name="objective">What is minimized; null for the paper's eq. 5.</param>
    /// <param name="logger">Where epochs are logged; null for nowhere.</param>
    /// <exception cref="ArgumentException">An option is out of range, the student's channels are not the label scheme's,
    /// the teacher is the student, or a decoder does not give the features that a loss reads.</exception>
    public DistillationTrainer(
        IEncoderDecoder student,
        FrozenTeacher teacher,
        LabelScheme labels,
        TrainingOptions? options = null,
        WeightedObjective? objective = null,
        ILogger<DistillationTrainer>? logger = null)
        : this(student, [teacher], labels, objective ?? KDNetObjective.Create(), options, logger)
    {
    }

    /// <summary>Makes a trainer with several teachers, each with terms of its own: see <see cref="NamedTeacherLoss"/>.</summary>
    /// <param name="student">The network that learns, already on its device.</param>
    /// <param name="teachers">At least one teacher; names differ.</param>
    /// <param name="labels">How the channels of all relate to classes.</param>
    /// <param name="objective">What is minimized.</param>
    /// <param name="options">How the student is fitted; null for the paper's protocol.</param>
    /// <param name="logger">Where epochs are logged; null for nowhere.</param>
    /// <exception cref="ArgumentException">An option is out of range, the student's channels are not the label scheme's,
    /// a teacher is the student, or a decoder does not give the features that a loss reads.</exception>
    public DistillationTrainer(
        IEncoderDecoder student,
        IReadOnlyList<FrozenTeacher> teachers,
        LabelScheme labels,
        WeightedObjective objective,
        TrainingOptions? options = null,
        ILogger<DistillationTrainer>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(teachers);
        if (teachers.Count == 0)
            throw new ArgumentException("At least one teacher is needed; without any, use a SupervisedTrainer.", nameof(teachers));
        _trainer = new Trainer(student, teachers, labels, objective, options, logger: logger);
    }

    /// <inheritdoc/>
    public TrainingResult Fit(
        IBatchSource training,
        IBatchSource? validation = null,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default) => _trainer.Fit(training, validation, progress, cancellationToken);
}
