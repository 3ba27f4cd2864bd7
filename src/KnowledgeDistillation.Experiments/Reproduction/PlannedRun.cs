using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;

namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>One training of a reproduction, with the scores of its network on the fold that is left for the test.</summary>
/// <remarks>Made by the plan of a <see cref="ReproductionStudy"/>.</remarks>
public sealed record PlannedRun
{
    /// <summary>Its name and its folder below the reproduction's, for example "fold-1/kd-net-4-skips".</summary>
    public string Id => $"fold-{Settings.Fold}/{Row}";

    /// <summary>Its name among those of several seeds, for example "seed-1/fold-1/kd-net-4-skips".</summary>
    public string IdWithSeed => $"seed-{Settings.Seed}/{Id}";

    /// <summary>The row of the tables to which it belongs: all that tells it apart but the fold, for example "kd-net-4-skips".</summary>
    public required string Row { get; init; }

    /// <summary>What is trained, for example "KD-Net" or "KD-Net on FLAIR".</summary>
    public required string Title { get; init; }

    /// <summary>
    /// Whose weights its objective has, where the same is trained with several: "tuned" for those of the settings, "literal" for the paper's.
    /// </summary>
    public string? Weighting { get; init; }

    /// <summary>The weights of its objective.</summary>
    public DistillationWeights Weights => System.WeightsWith(Settings);

    /// <summary>How the row is called in tables, for example "KD-Net, tuned".</summary>
    public string Label => Weighting is null ? Title : $"{Title}, {Weighting}";

    /// <summary>The same where the weights do not stand beside it, for example "KD-Net, tuned (λ 0.75, T 2, α 0.1)".</summary>
    public string LabelWithWeights => Weighting is null ? Label : $"{Label} ({Weights.InWords()})";

    /// <summary>What its objective is made of, for example "GT + KL + KD".</summary>
    public required string Objective { get; init; }

    /// <summary>What is trained.</summary>
    public required SegmentationSystem System { get; init; }

    /// <summary>All settings of this run, its fold and skip connections among them.</summary>
    public required ExperimentSettings Settings { get; init; }

    /// <summary>The modality that is at hand; what its network sees in the test, unless it is a teacher.</summary>
    public required string Modality { get; init; }

    /// <summary>The <see cref="Id"/> of the run that trains its teacher; null where it needs none.</summary>
    public string? Teacher { get; init; }
}
