using KnowledgeDistillation.Methods.AdversarialCoTraining;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>ACN: a student and a teacher of all modalities learn together, and critics bring the student to the teacher.</summary>
internal sealed class AdversarialCoTrainingSystem : ISystemDefinition
{
    public static SegmentationSystem System { get; } = BaselineSystem.System with
    {
        Name = "acn",
        Title = "ACN",
        Summary = "learns together with a teacher: consistency, critics of entropy and of features, mutual information",
        Source = "Wang et al. 2021 (ACN)",
        Order = 230,
        Table = PaperTable.None,
        Objective = null,
        LearnsFrom = (settings, _) => settings.Modalities,
        WeightDecay = 1e-5,
        Published = PublishedScores.OfBraTS(78.0, 83.3, 79.8, "BraTS 2018", "SMU-Net's table"),
        Stages =
        [
            new TrainingStage(inputs => AdversarialCoTrainingObjective.Create(
                inputs.Classes, inputs.EncoderWidths[^1], inputs.SpatialDimensions, reference: SystemObjectives.CoTrainingReference(inputs),
                device: inputs.Device))
            {
                LearningTeacher = SegmentationSystems.Teacher.Recipe,
            },
        ],
    };
}
