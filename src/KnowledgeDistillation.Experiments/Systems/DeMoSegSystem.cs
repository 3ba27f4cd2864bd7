using KnowledgeDistillation.Methods.DeMoSeg;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>DeMoSeg, for any subset of the modalities.</summary>
internal sealed class DeMoSegSystem : ISystemDefinition
{
    public static SegmentationSystem System { get; } = new()
    {
        Name = "demoseg",
        Title = "DeMoSeg",
        Summary = "modalities stand in for those that are missing with features of their own for it",
        Source = "Yang et al. 2024",
        Order = 270,
        Table = PaperTable.None,
        Inputs = SystemInputs.AnyModalities,
        // Of Adam: the published training is by SGD at 1e-2.
        LearningRate = 3e-4,
        WeightDecay = 3e-5,
        PublishedParameters = "31,527,192",
        Published = PublishedScores.OfBraTS(78.98, 84.81, 81.99, "BraTS 2018", "the authors' table"),
        Network = (settings, _) => settings.Sized(new DeMoSeg3DOptions { Modalities = settings.Modalities, OutputChannels = settings.Classes.Channels }),
        Stages = [new TrainingStage(_ => DeMoSegObjective.Create())],
    };
}
