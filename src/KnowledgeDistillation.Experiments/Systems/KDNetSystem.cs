using KnowledgeDistillation.Experiments.Settings;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>The paper's method.</summary>
internal sealed class KDNetSystem : ISystemDefinition
{
    public static SegmentationSystem System { get; } = new()
    {
        Name = "kd-net",
        Title = "KD-Net student",
        Summary = "baseline that also learns the teacher's soft targets and bottleneck (GT + KL + KD)",
        Source = "Hu et al. 2020 (KD-Net), eq. 5",
        Order = 30,
        Table = PaperTable.Table2,
        Objective = "GT + KL + KD",
        Inputs = SystemInputs.OneModality,
        NeedsTeacher = true,
        Weights = new DistillationWeights(Lambda: 0.75, Temperature: 5, Alpha: 10),
        Stages = [new TrainingStage(inputs => SystemObjectives.KDNet(inputs, inputs.Lambda, inputs.Temperature, inputs.Alpha))],
    };
}
