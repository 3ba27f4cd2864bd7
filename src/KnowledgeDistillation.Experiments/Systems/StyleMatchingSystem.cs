using KnowledgeDistillation.Methods.StyleMatching;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>SMU-Net: a student and a teacher of all modalities learn together, and the style and content of their features come together.</summary>
internal sealed class StyleMatchingSystem : ISystemDefinition
{
    public static SegmentationSystem System { get; } = AdversarialCoTrainingSystem.System with
    {
        Name = "smu-net",
        Title = "SMU-Net",
        Summary = "learns together with a teacher: consistency, and content and style of the features",
        Source = "Azad et al. 2022 (SMU-Net)",
        Order = 240,
        Published = PublishedScores.OfBraTS(78.3, 84.1, 80.3, "BraTS 2018", "the authors' table"),
        Stages =
        [
            new TrainingStage(inputs => StyleMatchingObjective.Create(
                inputs.EncoderWidths, inputs.SpatialDimensions, reference: SystemObjectives.CoTrainingReference(inputs), device: inputs.Device))
            {
                LearningTeacher = SegmentationSystems.Teacher.Recipe,
            },
        ],
    };
}
