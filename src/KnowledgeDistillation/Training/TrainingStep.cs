using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Teachers;

namespace KnowledgeDistillation.Training;

/// <summary>One batch for an <see cref="ITrainingStep"/>, and all that it may compute with.</summary>
/// <remarks>Lives within one step. Not safe for use by several threads at once.</remarks>
public sealed class TrainingStep
{
    private readonly IReadOnlyList<FrozenTeacher> _teachers;
    private readonly Action<DistillationContext>? _trainLosses;
    private Dictionary<string, NetworkOutput>? _outputs;
    private bool _lossesAreTrained;

    internal TrainingStep(
        Batch batch,
        IEncoderDecoder network,
        IReadOnlyList<FrozenTeacher> teachers,
        LabelScheme labels,
        WeightedObjective objective,
        Action<DistillationContext>? trainLosses)
    {
        (Batch, Network, Labels, Objective) = (batch, network, labels, objective);
        (_teachers, _trainLosses) = (teachers, trainLosses);
    }

    /// <summary>The batch, on the network's device.</summary>
    public Batch Batch { get; }

    /// <summary>The network that learns; in training mode where <see cref="IsTraining"/>, otherwise in evaluation mode.</summary>
    public IEncoderDecoder Network { get; }

    /// <summary>How channels relate to classes.</summary>
    public LabelScheme Labels { get; }

    /// <summary>What is minimized.</summary>
    public WeightedObjective Objective { get; }

    /// <summary>Whether the network learns from the batch; false in validation, where no gradient is recorded.</summary>
    public bool IsTraining => _trainLosses is not null;

    /// <summary>
    /// The outputs of the teachers on the batch by name, computed once, or taken from their caches. Ask for them before the network runs:
    /// the memory that the teachers need meanwhile is then free again when the network's activations, which stay for the backward pass, need it.
    /// </summary>
    public IReadOnlyDictionary<string, NetworkOutput> Teachers =>
        _outputs ??= _teachers.ToDictionary(teacher => teacher.Name, teacher => teacher.Forward(Batch, Objective.TeacherFeatures(teacher.Name)));

    /// <summary>What the network made of the batch when <see cref="Forward"/> ran it last; null before.</summary>
    internal NetworkOutput? Output { get; private set; }

    /// <summary>Runs the network once on the batch.</summary>
    /// <returns>What it and the teachers made of the batch.</returns>
    public DistillationContext Forward()
    {
        IReadOnlyDictionary<string, NetworkOutput> teachers = Teachers;
        Output = NetworkOutput.Of(Network, Batch.Images, Objective.StudentFeatures);
        return new DistillationContext(Batch, Labels, Output, teachers);
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
}
