using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>One fit of a system's training.</summary>
/// <param name="Objective">Makes what is minimized.</param>
public sealed record TrainingStage(Func<ObjectiveInputs, WeightedObjective> Objective)
{
    /// <summary>The folder of its checkpoints within the run's; empty for the run's own.</summary>
    public string Folder { get; init; } = "";

    /// <summary>What is done to the network before this fit, for example freezing the part that an earlier one has trained.</summary>
    public Action<IEncoderDecoder>? Prepare { get; init; }

    /// <summary>
    /// The network of a teacher that learns in this fit together with the student (<see cref="CoTrainingTrainer"/>), from the settings and the modality
    /// that is at hand; null for none. Default none. The system names in <see cref="SegmentationSystem.LearnsFrom"/> what this teacher sees, and needs no
    /// trained one.
    /// </summary>
    public Func<ExperimentSettings, string, NetworkRecipe>? LearningTeacher { get; init; }

    /// <summary>Builds that network with fresh weights; null where there is none.</summary>
    internal IEncoderDecoder? BuildTeacher(ExperimentSettings settings, string modality, Device device)
    {
        IEncoderDecoder? teacher = LearningTeacher?.Invoke(settings, modality).Build();
        teacher?.Module.to(device);
        return teacher;
    }

    /// <summary>What trains a network in this fit.</summary>
    internal static ITrainer TrainerOf(
        IEncoderDecoder network,
        IReadOnlyList<FrozenTeacher> teachers,
        LearningTeacher? learningTeacher,
        LabelScheme labels,
        WeightedObjective objective,
        TrainingOptions options) => learningTeacher is null
            ? new Trainer(network, teachers, labels, objective, options)
            : new CoTrainingTrainer(network, learningTeacher, labels, objective, options);
}
