using KnowledgeDistillation.Methods.Hved;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>U-HVED, for any subset of the modalities.</summary>
internal sealed class HvedSystem : ISystemDefinition
{
    public static SegmentationSystem System { get; } = new()
    {
        Name = "u-hved",
        Title = "U-HVED",
        Summary = "one variational encoder per modality, fused; reconstructs all modalities",
        Source = "Dorent et al. 2019 [3]",
        Order = 80,
        Table = PaperTable.Table1,
        Inputs = SystemInputs.AnyModalities,
        LearningRate = 1e-3,
        WeightDecay = 1e-5,
        PublishedParameters = "1,250,552",
        Network = (settings, _) => settings.Sized(new HvedUNet3DOptions { Modalities = settings.Modalities, OutputChannels = settings.Classes.Channels }),
        Stages = [new TrainingStage(_ => HvedObjective.Create())],
    };
}
