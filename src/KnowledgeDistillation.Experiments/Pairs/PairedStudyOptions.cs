using KnowledgeDistillation.Experiments.Reproduction;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Experiments.Pairs;

/// <summary>What a <see cref="PairedStudy"/> does.</summary>
public sealed record PairedStudyOptions
{
    /// <summary>
    /// The settings of a study: phantoms on which the teacher knows what T1ce does not show (edema is faint in it) instead of seeing the same with less noise,
    /// the paper's weights, a learning rate that falls for the last quarter, and the epoch with the best masks of the validation phantoms.
    /// </summary>
    public static ExperimentSettings DefaultSettings { get; } = ReproductionPresets.Quick with
    {
        Seed = 1000,
        PhantomNoise = 0.05,
        PhantomTumorContrast = 1,
        PhantomEdemaContrastInT1 = 0.2,
        PhantomDistractors = 2,
        PhantomReferenceError = 4,
        Training = ReproductionPresets.Quick.Training with { Epochs = 150 },
        Decay = LearningRateDecay.Fixed,
        Lambda = null,
        Temperature = null,
        Alpha = null,
    };

    /// <summary>
    /// How phantoms are made and networks trained. The test phantoms have its seed S, pair n the seed S + n; its split and its number of phantoms are left
    /// out of account. Default: <see cref="DefaultSettings"/>.
    /// </summary>
    public ExperimentSettings Settings { get; init; } = DefaultSettings;

    /// <summary>The number of pairs, at least 2. It may grow from call to call. Nothing is claimed before all are done. Default: 60.</summary>
    public int Pairs { get; init; } = 60;

    /// <summary>The phantoms on which every network of every pair is scored, at least 1. Default: 200.</summary>
    public int TestCases { get; init; } = 200;

    /// <summary>The phantoms from which the networks of a pair learn, at least 1. Default: 16.</summary>
    public int TrainingCases { get; init; } = 16;

    /// <summary>The phantoms that choose the best epoch of the networks of a pair, at least 1. Default: 8.</summary>
    public int ValidationCases { get; init; } = 8;

    /// <summary>The time without a sign of life after which a pair is taken over from another process or machine; above zero. Default: 5 minutes.</summary>
    public TimeSpan TakeOver { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The settings that a study fixes by itself, so that what they say counts for nothing.</summary>
    internal static IReadOnlySet<string> SetByStudy { get; } = new HashSet<string>
    {
        nameof(ExperimentSettings.PhantomCases), nameof(ExperimentSettings.Folds), nameof(ExperimentSettings.Fold),
        nameof(ExperimentSettings.ValidationShare), nameof(ExperimentSettings.ValidationPart), nameof(ExperimentSettings.SoftTargetDice),
    };

    internal void Validate() => ExperimentException.Refuse(() => new OptionFaults(nameof(PairedStudyOptions))
        .Require(Settings is not null, "Settings must be given.")
        .Require(Pairs >= 2, $"Pairs must be at least 2, but is {Pairs}.")
        .Require(TestCases >= 1, $"TestCases must be at least 1, but is {TestCases}.")
        .Require(TrainingCases >= 1, $"TrainingCases must be at least 1, but is {TrainingCases}.")
        .Require(ValidationCases >= 1, $"ValidationCases must be at least 1, but is {ValidationCases}.")
        .Require(Settings is null || (long)Settings.Seed + Pairs <= int.MaxValue, $"Settings.Seed must leave room for {Pairs} more, but is {Settings?.Seed}.")
        .Require(TakeOver > TimeSpan.Zero, $"TakeOver must be above zero, but is {TakeOver}.")
        .ThrowIfAny());
}
