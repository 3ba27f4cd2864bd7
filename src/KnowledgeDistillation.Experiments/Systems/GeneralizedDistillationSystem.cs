using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Methods.GeneralizedDistillation;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>Generalized distillation.</summary>
internal sealed class GeneralizedDistillationSystem : ISystemDefinition
{
    private static readonly GeneralizedDistillationObjectiveOptions Published = new();

    public static SegmentationSystem System { get; } = KDNetSystem.System with
    {
        Name = "generalized",
        Title = "Generalized distillation",
        Summary = "GT, and cross-entropy with the teacher's soft targets",
        Source = "Lopez-Paz et al. 2016 [9]",
        Order = 120,
        Table = PaperTable.None,
        Objective = null,
        Weights = new DistillationWeights(Lambda: Published.Lambda, Temperature: Published.SoftTargets.Temperature),
        Stages = [new TrainingStage(inputs => SystemObjectives.Distillation(inputs, reference => GeneralizedDistillationObjective.Create(
            Published with
            {
                Lambda = inputs.Lambda,
                SoftTargets = Published.SoftTargets with { Temperature = inputs.Temperature },
            },
            reference)))],
    };
}
