using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Teachers;

namespace KnowledgeDistillation.Training;

/// <summary>One batch for an <see cref="ITrainingStep"/>, and all that it may compute with.</summary>
/// <remarks>Lives within one step. Not safe for use by several threads at once.</remarks>
public sealed class TrainingStep
{
    private readonly IReadOnlyList<FrozenTeacher> _teachers;
    private readonly LearningTeacher? _learningTeacher;
    private readonly Action<DistillationContext>? _trainLosses;
    private Dictionary<string, NetworkOutput>? _outputs;
    private bool _lossesAreTrained;

    internal TrainingStep(
        Batch batch,
        IEncoderDecoder network,
        IReadOnlyList<FrozenTeacher> teachers,
        LearningTeacher? learningTeacher,
        LabelScheme labels,
        WeightedObjective objective,
        int? epoch,
        Action<DistillationContext>? trainLosses)
    {
        (Batch, Network, Labels, Objective, Epoch) = (batch, network, labels, objective, epoch);
        (_teachers, _learningTeacher, _trainLosses) = (teachers, learningTeacher, trainLosses);
    }

    /// <summary>The batch, on the network's device.</summary>
    public Batch Batch { get; }

    /// <summary>The network that learns; in training mode where <see cref="IsTraining"/>, otherwise in evaluation mode.</summary>
    public IEncoderDecoder Network { get; }

    /// <summary>How channels relate to classes.</summary>
    public LabelScheme Labels { get; }

    /// <summary>What is minimized.</summary>
    public WeightedObjective Objective { get; }

    /// <summary>
    /// The number of the epoch, from 0, in which the network learns from the batch; null in validation. A context that you make takes it along
    /// (<see cref="DistillationContext.Epoch"/>).
    /// </summary>
    public int? Epoch { get; }

    /// <summary>Whether the network learns from the batch; false in validation, where no gradient is recorded.</summary>
    public bool IsTraining => _trainLosses is not null;

    /// <summary>
    /// The outputs of the teachers on the batch by name, computed once, or taken from their caches. Ask for them before the network runs:
    /// the memory that the teachers need meanwhile is then free again when the network's activations, which stay for the backward pass, need it.
    /// A teacher that learns (<see cref="LearningTeacher"/>) is among them, with its graph.
    /// </summary>
    public IReadOnlyDictionary<string, NetworkOutput> Teachers => _outputs ??= RunTeachers();

    /// <summary>What the network made of the batch when <see cref="Forward"/> ran it last; null before.</summary>
    internal NetworkOutput? Output { get; private set; }

    /// <summary>Runs the network once on the batch.</summary>
    /// <returns>What it and the teachers made of the batch.</returns>
    public DistillationContext Forward()
    {
        IReadOnlyDictionary<string, NetworkOutput> teachers = Teachers;
        Output = NetworkOutput.Of(Network, Batch.Images, Objective.StudentFeatures);
        return new DistillationContext(Batch, Labels, Output, teachers) { Epoch = Epoch };
    }

    /// <summary>
    /// Computes the objective. In training, what its losses train of their own (<see cref="ISelfTrainingLoss"/>) takes a step before,
    /// on the first context of the batch.
    /// </summary>
    /// <param name="context">What <see cref="Forward"/> gave, or a context that you made.</param>
    public ObjectiveValue Evaluate(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        // Once only: the graph of an objective that was evaluated before still needs the parameters as they were.
        if (!_lossesAreTrained)
            _trainLosses?.Invoke(context);
        _lossesAreTrained = true;
        return Objective.Evaluate(context);
    }

    private Dictionary<string, NetworkOutput> RunTeachers()
    {
        Dictionary<string, NetworkOutput> outputs = _teachers.ToDictionary(
            teacher => teacher.Name, teacher => teacher.Forward(Batch, Objective.TeacherFeatures(teacher.Name)));
        if (_learningTeacher is { } learning)
            outputs.Add(learning.Name, NetworkOutput.Of(learning.Network, Batch.Images, Objective.TeacherFeatures(learning.Name)));
        return outputs;
    }
}
