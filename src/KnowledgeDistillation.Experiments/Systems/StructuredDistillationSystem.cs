using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.StructuredDistillation;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>Structured distillation, whose critic is trained beside the student.</summary>
internal sealed class StructuredDistillationSystem : ISystemDefinition
{
    public static SegmentationSystem System { get; } = KDNetSystem.System with
    {
        Name = "structured",
        Title = "Structured distillation",
        Summary = "GT, and pixel-wise, pair-wise and (by a critic trained alongside) holistic distance from the teacher",
        Source = "Liu et al. 2019 [8]",
        Order = 130,
        Table = PaperTable.None,
        Objective = null,
        Weights = new DistillationWeights(),
        Stages = [new TrainingStage(Create)],
    };

    private static WeightedObjective Create(ObjectiveInputs inputs)
    {
        if (inputs.Teachers > 1)
            throw new ExperimentException("The critic of structured distillation learns against one teacher: give one teacher.");
        return SystemObjectives.Distillation(inputs, reference => StructuredDistillationObjective.Create(
            new HolisticLoss(inputs.Classes, inputs.Modalities, new HolisticOptions { SpatialDimensions = inputs.SpatialDimensions }, inputs.Device),
            reference: reference));
    }
}
