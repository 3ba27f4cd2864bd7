using KnowledgeDistillation.Methods.SelfDistillation;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>PASSION: a network for any subset of the modalities that teaches itself.</summary>
internal sealed class SelfDistillationSystem : ISystemDefinition
{
    public static SegmentationSystem System { get; } = HemisSystem.System with
    {
        Name = "passion",
        Title = "PASSION on U-HeMIS",
        Summary = "U-HeMIS that with all modalities teaches itself with each one alone, those that lag behind more",
        Source = "Shi et al. 2024 (ACM MM); network: U-HeMIS",
        Order = 220,
        Table = PaperTable.None,
        PublishedParameters = "",
        Stages = [new TrainingStage(inputs => SelfDistillationObjective.Create(new SelfDistillationLoss(inputs.Modalities, device: inputs.Device)))],
    };
}
