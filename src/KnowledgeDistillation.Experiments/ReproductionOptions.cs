using KnowledgeDistillation.Experiments.Reproduction;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Experiments;

/// <summary>What a <see cref="ReproductionStudy"/> does.</summary>
public sealed record ReproductionOptions
{
    /// <summary>
    /// How networks are trained and phantoms and images made. Its fold is left out of account: each fold is the test set once, so at least 2.
    /// To do all of it with another network, name it in <see cref="ExperimentSettings.Network"/>. Default: <see cref="ReproductionPresets.Quick"/>.
    /// </summary>
    public ExperimentSettings Settings { get; init; } = ReproductionPresets.Quick;

    /// <summary>The folder of a data set; null for phantoms. Default: null.</summary>
    public string? Data { get; init; }

    /// <summary>Whether cases of the data set that cannot be used are left out; otherwise they end the study before it begins. Default: no.</summary>
    public bool SkipFaulty { get; init; }

    /// <summary>
    /// The seeds with each of which all of it is done, in a folder of its own each; each once. None: one study with the seed of <see cref="Settings"/>,
    /// without folders for seeds. A gain or a loss is claimed from three seeds on. Default: none.
    /// </summary>
    public IReadOnlyList<int> Seeds { get; init; } = [];

    /// <summary>What is trained beside the paper's tables, of <see cref="ReproductionVariants.Names"/>. Default: nothing.</summary>
    public IReadOnlyList<string> Variants { get; init; } = [];

    /// <summary>
    /// The modalities that baseline and student see in place of T1ce in further runs, of <see cref="ReproductionVariants.Modalities"/>. Default: none.
    /// </summary>
    public IReadOnlyList<string> Modalities { get; init; } = [];

    /// <summary>
    /// Names of runs, in which * stands for any text and ? for any character, beginning at the row ("kd-net*"), at the fold or at the seed. Only these are
    /// done; rows of which none is chosen are left out of the report. None: all runs. Default: none.
    /// </summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>Which of the <see cref="Shards"/> parts of the runs is done here, from 1. Default: 1.</summary>
    public int Shard { get; init; } = 1;

    /// <summary>The number of parts into which the runs are split, each for one process or machine, at least 1. Default: 1.</summary>
    public int Shards { get; init; } = 1;

    /// <summary>The time without a sign of life after which a run is taken over from another process or machine; above zero. Default: 5 minutes.</summary>
    public TimeSpan TakeOver { get; init; } = TimeSpan.FromMinutes(5);

    internal void Validate() => ExperimentException.Refuse(() => new OptionFaults(nameof(ReproductionOptions))
        .Require(Settings is not null, "Settings must be given.")
        .Require(Settings?.Folds != 1, "Settings.Folds must be at least 2, but is 1.")
        .Require(Seeds?.Distinct().Count() == Seeds?.Count, $"Seeds must name each seed once, but are {string.Join(", ", Seeds ?? [])}.")
        .Require(Variants?.Except(ReproductionVariants.Names).Any() == false,
            $"Variants must be of {string.Join(", ", ReproductionVariants.Names)}, but are {string.Join(", ", Variants ?? [])}.")
        .Require(Modalities?.Except(ReproductionVariants.Modalities).Any() == false,
            $"Modalities must be of {string.Join(", ", ReproductionVariants.Modalities)}, but are {string.Join(", ", Modalities ?? [])}.")
        .Require(Seeds is not null && Only is not null, "Seeds and Only must be given, if only as empty lists.")
        .Require(Shards >= 1 && Shard >= 1 && Shard <= Shards, $"Shard must be from 1 to Shards, which is at least 1, but they are {Shard} and {Shards}.")
        .Require(TakeOver > TimeSpan.Zero, $"TakeOver must be above zero, but is {TakeOver}.")
        .ThrowIfAny());
}
