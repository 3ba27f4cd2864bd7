using KnowledgeDistillation.Experiments.Settings;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>KD-Net without bottleneck loss.</summary>
internal sealed class SoftTargetStudentSystem : ISystemDefinition
{
    public static SegmentationSystem System { get; } = KDNetSystem.System with
    {
        Name = "gt-kd",
        Title = "GT + KD",
        Summary = "KD-Net without bottleneck loss",
        Source = "Hu et al. 2020 (KD-Net), Table 2",
        Order = 50,
        Objective = "GT + KD",
        Weights = new DistillationWeights(Lambda: 0.75, Temperature: 5),
        Stages = [new TrainingStage(inputs => SystemObjectives.KDNet(inputs, inputs.Lambda, inputs.Temperature, alpha: 0))],
    };
}
