using KnowledgeDistillation.Methods.MmFormer;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>mmFormer, for any subset of the modalities.</summary>
internal sealed class MmFormerSystem : ISystemDefinition
{
    public static SegmentationSystem System { get; } = new()
    {
        Name = "mmformer",
        Title = "mmFormer",
        Summary = "one encoder of convolutions and a transformer per modality, related by another transformer",
        Source = "Zhang et al. 2022",
        Order = 260,
        Table = PaperTable.None,
        Inputs = SystemInputs.AnyModalities,
        LearningRate = 2e-4,
        WeightDecay = 1e-4,
        PublishedParameters = "36,654,416",
        Published = PublishedScores.OfBraTS(76.02, 80.68, 77.11, "BraTS 2018", "DeMoSeg's table"),
        Network = (settings, _) => settings.Sized(new MmFormer3DOptions { Modalities = settings.Modalities, OutputChannels = settings.Classes.Channels }),
        Stages = [new TrainingStage(_ => MmFormerObjective.Create())],
    };
}
