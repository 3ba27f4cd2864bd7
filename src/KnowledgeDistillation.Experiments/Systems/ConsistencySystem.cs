using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Methods.Consistency;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>Consistency of neighboring voxels with the teacher.</summary>
internal sealed class ConsistencySystem : ISystemDefinition
{
    public static SegmentationSystem System { get; } = KDNetSystem.System with
    {
        Name = "consistency",
        Title = "Consistency",
        Summary = "GT, and zero-order and first-order consistency with the teacher",
        Source = "Xie et al. 2018 [15]",
        Order = 140,
        Table = PaperTable.None,
        Objective = null,
        Weights = new DistillationWeights(),
        Stages = [new TrainingStage(inputs => SystemObjectives.Distillation(inputs, reference => ConsistencyObjective.Create(reference: reference)))],
    };
}
