using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Methods.KDNet;
using KnowledgeDistillation.Methods.Synthesis;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>Makes a second modality out of the one at hand, then segments from both.</summary>
internal sealed class SynthesisSystem : ISystemDefinition
{
    public static SegmentationSystem System { get; } = BaselineSystem.System with
    {
        Name = "synthesis",
        Title = "Modality synthesis",
        Summary = "first makes FLAIR (of FLAIR: T1ce) out of its modality, then segments from both",
        Source = "Hu et al. 2020 (KD-Net), \"Observations\"",
        Order = 70,
        Table = PaperTable.None,
        Objective = null,
        LearnsFrom = (settings, modality) => [Synthesized(settings, modality)],
        Network = Network,
        Stages =
        [
            new TrainingStage(_ => new WeightedObjective("synthesis",
                new ReconstructionLoss(new ReconstructionOptions { Distance = ReconstructionDistance.Absolute }))) { Folder = "generator" },
            new TrainingStage(_ => new WeightedObjective("GT", new ReferenceLoss())) { Prepare = network => ((SynthesisNetwork)network).FreezeGenerator() },
        ],
    };

    private static SynthesisNetworkOptions Network(ExperimentSettings settings, IReadOnlyList<string> modalities)
    {
        string synthesized = Synthesized(settings, modalities[0]);
        return new()
        {
            Generator = settings.Recipe(modalities, outputChannels: 1),
            Segmenter = settings.Recipe([.. modalities, synthesized], settings.Classes.Channels),
            SynthesizedModalities = [synthesized],
        };
    }

    private static string Synthesized(ExperimentSettings settings, string modality) =>
        new[] { BraTSModality.Flair, BraTSModality.T1ce }.Where(settings.Data.Modalities.Contains).Concat(settings.Data.Modalities)
            .FirstOrDefault(other => other != modality)
            ?? throw new ExperimentException($"The data set has no modality beside {modality} that could be made out of it.");
}
