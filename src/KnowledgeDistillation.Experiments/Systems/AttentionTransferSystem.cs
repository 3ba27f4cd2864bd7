using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Methods.AttentionTransfer;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>Transfer of attention maps.</summary>
internal sealed class AttentionTransferSystem : ISystemDefinition
{
    public static SegmentationSystem System { get; } = KDNetSystem.System with
    {
        Name = "attention",
        Title = "Attention transfer",
        Summary = "GT, and distance of the attention maps of all levels",
        Source = "Zagoruyko and Komodakis 2017; weight: ours",
        Order = 160,
        Table = PaperTable.None,
        Objective = null,
        Weights = new DistillationWeights(Alpha: 1),
        Stages = [new TrainingStage(inputs => SystemObjectives.WithFeatures(inputs, "attention", new AttentionTransferLoss()))],
    };
}
