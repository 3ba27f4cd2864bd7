using KnowledgeDistillation.Methods.RFNet;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>RFNet, for any subset of the modalities.</summary>
internal sealed class RFNetSystem : ISystemDefinition
{
    public static SegmentationSystem System { get; } = new()
    {
        Name = "rfnet",
        Title = "RFNet",
        Summary = "one encoder per modality, fused region by region",
        Source = "Ding et al. 2021",
        Order = 250,
        Table = PaperTable.None,
        Inputs = SystemInputs.AnyModalities,
        LearningRate = 2e-4,
        WeightDecay = 1e-4,
        PublishedParameters = "8,984,960",
        Published = PublishedScores.OfBraTS(69.43, 80.99, 74.93, "BraTS 2018", "DeMoSeg's table"),
        Network = (settings, _) => settings.Sized(new RFNet3DOptions
        {
            Modalities = settings.Modalities,
            OutputChannels = settings.Classes.Channels,
            OverlappingRegions = settings.RegionTraining,
        }),
        Stages = [new TrainingStage(_ => RFNetObjective.Create())],
    };
}
