using KnowledgeDistillation.Methods.DisentangledFusion;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>Chen's disentangled fusion, for any subset of the modalities.</summary>
internal sealed class DisentangledFusionSystem : ISystemDefinition
{
    public static SegmentationSystem System { get; } = new()
    {
        Name = "disentangled",
        Title = "Disentangled fusion",
        Summary = "content and appearance code per modality, contents fused by gates; reconstructs the modalities",
        Source = "Chen et al. 2019 [2]",
        Order = 170,
        Table = PaperTable.None,
        Inputs = SystemInputs.AnyModalities,
        PublishedParameters = "37,472,233, 5 classes",
        Network = (settings, _) =>
            settings.Sized(new DisentangledFusionNet3DOptions { Modalities = settings.Modalities, OutputChannels = settings.Classes.Channels }),
        Stages = [new TrainingStage(_ => DisentangledFusionObjective.Create())],
    };
}
