using KnowledgeDistillation.Experiments.Settings;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>KD-Net without soft targets.</summary>
internal sealed class BottleneckStudentSystem : ISystemDefinition
{
    public static SegmentationSystem System { get; } = KDNetSystem.System with
    {
        Name = "gt-kl",
        Title = "GT + KL",
        Summary = "KD-Net without soft targets",
        Source = "Hu et al. 2020 (KD-Net), Table 2",
        Order = 40,
        Objective = "GT + KL",
        Weights = new DistillationWeights(Alpha: 10),
        Stages = [new TrainingStage(inputs => SystemObjectives.KDNet(inputs, lambda: 0, temperature: 5, inputs.Alpha))],
    };
}
