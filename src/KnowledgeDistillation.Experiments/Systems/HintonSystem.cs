using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Methods.Hinton;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>Distillation of softened predictions.</summary>
internal sealed class HintonSystem : ISystemDefinition
{
    private static readonly HintonObjectiveOptions Published = new();

    public static SegmentationSystem System { get; } = KDNetSystem.System with
    {
        Name = "hinton",
        Title = "Hinton distillation",
        Summary = "GT, and divergence from the teacher, both softened by T",
        Source = "Hinton et al. 2015 [5]",
        Order = 110,
        Table = PaperTable.None,
        Objective = null,
        Weights = new DistillationWeights(Lambda: Published.TeacherWeight, Temperature: Published.SoftTargets.Temperature),
        Stages = [new TrainingStage(inputs => SystemObjectives.Distillation(inputs, reference => HintonObjective.Create(
            Published with
            {
                TeacherWeight = inputs.Lambda,
                SoftTargets = Published.SoftTargets with { Temperature = inputs.Temperature },
            },
            reference)))],
    };
}
