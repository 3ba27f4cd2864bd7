using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Teachers;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>One of the ways to train a network that the paper proposes, compares with or mentions.</summary>
internal sealed record SegmentationSystem
{
    /// <summary>Its name on the command line and of its folder.</summary>
    public required string Name { get; init; }

    /// <summary>Its name in tables.</summary>
    public required string Title { get; init; }

    /// <summary>What it is, in one line.</summary>
    public required string Summary { get; init; }

    /// <summary>Where it comes from; the number is that of the paper's list of references.</summary>
    public required string Source { get; init; }

    /// <summary>What its trained network needs to segment.</summary>
    public required SystemInputs Inputs { get; init; }

    /// <summary>Whether a trained teacher takes part in its training.</summary>
    public bool NeedsTeacher { get; init; }

    /// <summary>Modalities that its training needs beside the one that is at hand.</summary>
    public Func<string, IReadOnlyList<string>> LearnsFrom { get; init; } = _ => [];

    /// <summary>The weights of its objective, each null where it has no such weight.</summary>
    public DistillationWeights Weights { get; init; } = new();

    /// <summary>The learning rate of its source; by default the KD-Net paper's.</summary>
    public double LearningRate { get; init; } = 1e-4;

    /// <summary>The weight decay of its source.</summary>
    public double WeightDecay { get; init; }

    /// <summary>How many parameters the network has in the weights or the code that were published with it, where they were.</summary>
    public string PublishedParameters { get; init; } = "";

    /// <summary>The network that sees some modalities; null where it is the one that the settings name.</summary>
    public Func<ExperimentSettings, IReadOnlyList<string>, NetworkRecipe>? Network { get; init; }

    /// <summary>Ties a fresh network to its teacher before the training.</summary>
    public Action<IEncoderDecoder, FrozenTeacher>? Couple { get; init; }

    /// <summary>The fits of its training, one after the other.</summary>
    public required IReadOnlyList<TrainingStage> Stages { get; init; }

    /// <summary>The modalities that its network sees.</summary>
    /// <param name="modality">The one that is at hand where it sees one.</param>
    public IReadOnlyList<string> Modalities(string modality) => Inputs == SystemInputs.OneModality ? [modality] : BraTSModality.All;

    /// <summary>The modalities that its training needs.</summary>
    public IReadOnlyList<string> TrainingModalities(string modality) =>
        NeedsTeacher ? BraTSModality.All : [.. Modalities(modality).Union(LearnsFrom(modality))];

    /// <summary>The network that it trains.</summary>
    /// <exception cref="ExperimentException">The settings name a network, but the system has one of its own.</exception>
    public NetworkRecipe Recipe(ExperimentSettings settings, string modality)
    {
        if (Network is null)
            return settings.Recipe(Modalities(modality), BraTSRegions.Classes.Channels);
        if (settings.Network is { } chosen)
            throw new ExperimentException($"The system '{Name}' has a network of its own: leave --network {chosen.OptionName()} out.");
        return Network(settings, Modalities(modality));
    }
}
