using KnowledgeDistillation.Methods.Hemis;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>U-HeMIS, for any subset of the modalities.</summary>
internal sealed class HemisSystem : ISystemDefinition
{
    public static SegmentationSystem System { get; } = new()
    {
        Name = "u-hemis",
        Title = "U-HeMIS",
        Summary = "one encoder per modality, fused by mean and variance",
        Source = "Havaei et al. 2016 [4], as published with [3]",
        Order = 90,
        Table = PaperTable.Table1,
        Inputs = SystemInputs.AnyModalities,
        LearningRate = 1e-3,
        WeightDecay = 1e-5,
        PublishedParameters = "565,888",
        Network = (settings, _) => settings.Sized(new HemisUNet3DOptions { Modalities = settings.Modalities, OutputChannels = settings.Classes.Channels }),
        Stages = [new TrainingStage(_ => HemisObjective.Create())],
    };
}
