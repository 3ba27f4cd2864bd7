using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Teachers;
using Microsoft.Extensions.Logging;

namespace KnowledgeDistillation.Training;

/// <summary>
/// Trains a student and its teacher together, from the same batches and by one objective: in each step one optimizer moves the weights of both.
/// A <see cref="DistillationTrainer"/> takes a teacher that is trained already and leaves it as it is.
/// </summary>
/// <remarks>
/// <para>
/// The objective says what each of the two learns from. The library's losses of student and teacher give the teacher no gradient; what the teacher itself
/// minimizes is a term of its own, a <see cref="TeacherAsStudentLoss"/>, and losses that move both say so (for example
/// <see cref="Methods.AdversarialCoTraining.CoTrainingConsistencyLoss"/>). Whatever <see cref="ISelfTrainingLoss"/> trains beside them gets outputs of both
/// through which no gradient flows.
/// </para>
/// <para>
/// All else is as in every fit: options, schedule, precision, steps over several batches, several processes, early stopping, checkpoints that resume bit by
/// bit. An optimizer of your own gets the parameters of the student, then of the teacher, then of the losses. What is watched and saved as the best is the
/// student: <c>best</c> is the student alone, and at the end the student has its best weights. The teacher keeps those of the last epoch; with
/// <see cref="TrainingOptions.OutputFolder"/> its model is in <c>last/teacher</c> (<see cref="TrainingRun.TeacherFolder"/>), to be loaded as any other.
/// </para>
/// <para>
/// By <see cref="BestEpochRule.Loss"/> the best epoch is that of the least objective, which holds the teacher's own terms and the verdicts of critics, and says
/// little of the student alone; <see cref="BestEpochRule.Dice"/> looks at the student's segmentations and at nothing else.
/// </para>
/// <para>Student, teacher and objective belong to the caller. Not safe for use by several threads at once.</para>
/// </remarks>
public sealed class CoTrainingTrainer : ITrainer
{
    private readonly Trainer _trainer;

    /// <summary>Makes a trainer.</summary>
    /// <param name="student">The network that learns and is kept, already on its device.</param>
    /// <param name="teacher">The network that teaches it and learns too, on the same device.</param>
    /// <param name="labels">How the channels of both relate to classes.</param>
    /// <param name="objective">What both minimize.</param>
    /// <param name="options">How they are fitted; null for the KD-Net paper's protocol.</param>
    /// <param name="step">How the objective is computed from a batch; null to run both networks once and evaluate the objective on their outputs.</param>
    /// <param name="logger">Where epochs are logged; null for nowhere.</param>
    /// <exception cref="ArgumentException">An option is out of range, the channels of one of the networks are not the label scheme's,
    /// or both networks are the same or share weights.</exception>
    public CoTrainingTrainer(
        IEncoderDecoder student,
        LearningTeacher teacher,
        LabelScheme labels,
        WeightedObjective objective,
        TrainingOptions? options = null,
        ITrainingStep? step = null,
        ILogger<CoTrainingTrainer>? logger = null)
    {
        ArgumentNullException.ThrowIfNull(teacher);
        _trainer = new Trainer(student, [], teacher, labels, objective, options, step, logger);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">One of the networks has no parameter that takes a gradient, for example because it is frozen.</exception>
    public TrainingResult Fit(
        IBatchSource training,
        IBatchSource? validation = null,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default) => _trainer.Fit(training, validation, progress, cancellationToken);
}
