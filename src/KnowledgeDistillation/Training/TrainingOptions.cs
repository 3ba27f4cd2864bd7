using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using KnowledgeDistillation.Runtime;
using TorchSharp.Modules;

namespace KnowledgeDistillation.Training;

/// <summary>How a network is fitted. Defaults are the paper's protocol (KD-Net, section 3.2).</summary>
public sealed record TrainingOptions
{
    internal const double DefaultLearningRate = 1e-4;

    /// <summary>Number of passes over the training cases, at least 1. Default 500.</summary>
    [Category("training"), Range(1, int.MaxValue), Description("Passes over the training cases.")]
    public int Epochs { get; init; } = 500;

    /// <summary>The learning rate, above 0. Default 1e-4.</summary>
    [Category("training"), AmbientValue("that of the system's source: 1e-4 for KD-Net"), Range(0, double.MaxValue, MinimumIsExclusive = true), Description("Learning rate of Adam.")]
    public double? LearningRate { get; init; }

    /// <summary>Weight decay of the default optimizer, at least 0. Default 0; No New-Net uses 1e-5.</summary>
    [Category("training"), AmbientValue("that of the system's source: 0 for KD-Net"), Range(0, double.MaxValue), Description("Weight decay of Adam.")]
    public double? WeightDecay { get; init; }

    /// <summary>How the learning rate changes. Default: ×0.2 when the watched loss has not decreased for 50 epochs.</summary>
    public ILearningRateSchedule Schedule { get; init; } = new PlateauSchedule();

    /// <summary>
    /// Makes the optimizer from the parameters that learn; null for Adam with <see cref="LearningRate"/> and <see cref="WeightDecay"/>.
    /// The schedule multiplies the learning rates with which its parameter groups begin.
    /// </summary>
    public Func<IEnumerable<Parameter>, OptimizerHelper>? Optimizer { get; init; }

    /// <summary>The gradient is scaled down to this Euclidean norm where it is longer; above 0, or null for never. Default null.</summary>
    [Category("training"), AmbientValue("never"), Range(0, double.MaxValue, MinimumIsExclusive = true), Description("The gradient is scaled down to this Euclidean norm where it is longer.")]
    public double? GradientClipNorm { get; init; }

    /// <summary>The fit ends when the watched loss has not decreased for this many epochs; at least 1, or null for never. Default null.</summary>
    [Category("training"), AmbientValue("never"), Range(1, int.MaxValue), Description("The fit ends when the watched loss has not decreased for this many epochs.")]
    public int? EarlyStoppingPatience { get; init; }

    /// <summary>
    /// Fixes everything random in the fit, such as dropout: torch's generators are seeded from it and the number of the epoch as each epoch begins.
    /// The initial weights and the order of the cases are the business of the network's and the batch source's makers. Default 0.
    /// </summary>
    public long Seed { get; init; }

    /// <summary>
    /// Over how many batches the gradient is averaged before the optimizer takes a step, at least 1; the last step of an epoch takes what is left. Default 1.
    /// A large batch in the memory of a small one; the same, but for what a loss or a batch norm computes over a batch as a whole.
    /// </summary>
    [Category("training"), Range(1, int.MaxValue), Description("Over how many batches the gradient is averaged before the optimizer takes a step.")]
    public int BatchesPerStep { get; init; } = 1;

    /// <summary>
    /// The element type in which student and teachers compute. Default <see cref="Precision.Fastest"/>, which halves the time on a processor
    /// that computes in bfloat16 and cost no accuracy that five seeds of phantoms could show; a fit resumes only in the precision in which it began.
    /// <see cref="Precision.Full"/> makes a fit the same, but for the order of summation, on every machine.
    /// </summary>
    [Category("training"), Description("The element type of convolutions: float32 (full), bfloat16 (mixed), or the faster of the two (fastest).")]
    public Precision Precision { get; init; } = Precision.Fastest;

    /// <summary>
    /// Every so many epochs each term's share of the gradient is measured at the first step; 0 for never. Default 0. Costs one backward pass a term.
    /// </summary>
    [Category("training"), Range(0, int.MaxValue), Description("Every so many epochs each term's share of the student's gradient is measured; 0 for never.")]
    public int GradientSharesEvery { get; init; }

    /// <summary>Where checkpoints (<c>best</c>, <c>last</c>) and <c>history.csv</c> go; null to write nothing. Default null.</summary>
    public string? OutputFolder { get; init; }

    /// <summary>
    /// Whether to go on from the folder's last checkpoint where there is one. Default no: a folder that holds one is then refused, lest a result be lost.
    /// </summary>
    public bool Resume { get; init; }

    /// <summary>Whether the network gets back the weights of its best epoch when the fit ends. Default yes.</summary>
    public bool RestoreBestWeights { get; init; } = true;

    /// <summary>Facts to keep with the checkpoints, for example how the images were prepared.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>What is told about steps and epochs.</summary>
    public IReadOnlyList<ITrainingCallback> Callbacks { get; init; } = [];

    /// <summary>After how many steps losses are read back from the device; null for what suits the device.</summary>
    internal int? StepsPerReading { get; init; }

    internal void Validate() => new OptionFaults(nameof(TrainingOptions))
        .Require(Epochs >= 1, $"Epochs must be at least 1, but is {Epochs}.")
        .Require(LearningRate is null or > 0 and < double.PositiveInfinity, $"LearningRate must be above 0, but is {LearningRate}.")
        .Require(WeightDecay is null or >= 0 and < double.PositiveInfinity, $"WeightDecay must be at least 0, but is {WeightDecay}.")
        .Require(Schedule is not null, "Schedule must be given; use ConstantSchedule for none.")
        .Require(GradientClipNorm is null or > 0, $"GradientClipNorm must be above 0, but is {GradientClipNorm}.")
        .Require(EarlyStoppingPatience is null or >= 1, $"EarlyStoppingPatience must be at least 1, but is {EarlyStoppingPatience}.")
        .Require(BatchesPerStep >= 1, $"BatchesPerStep must be at least 1, but is {BatchesPerStep}.")
        .Require(Enum.IsDefined(Precision), $"Precision has no value {Precision}.")
        .Require(GradientSharesEvery >= 0, $"GradientSharesEvery must be at least 0, but is {GradientSharesEvery}.")
        .Require(Metadata is not null, "Metadata must be given; leave it empty for none.")
        .Require(Callbacks is not null && Callbacks.All(callback => callback is not null), "Callbacks must be given; leave the list empty for none.")
        .Require(!Resume || OutputFolder is not null, "Resume needs an OutputFolder to resume from.")
        .ThrowIfAny();

    /// <summary>The options that a resumed fit must share with the one that it continues. More epochs are no contradiction.</summary>
    internal SortedDictionary<string, string> Fingerprint() => new(StringComparer.Ordinal)
    {
        [nameof(LearningRate)] = FormattableString.Invariant($"{LearningRate ?? DefaultLearningRate:R}"),
        [nameof(WeightDecay)] = FormattableString.Invariant($"{WeightDecay ?? 0:R}"),
        [nameof(Schedule)] = Schedule.ToString() ?? "",
        [nameof(Optimizer)] = Optimizer is null ? "Adam" : "custom",
        [nameof(GradientClipNorm)] = FormattableString.Invariant($"{GradientClipNorm:R}"),
        [nameof(EarlyStoppingPatience)] = FormattableString.Invariant($"{EarlyStoppingPatience}"),
        [nameof(BatchesPerStep)] = FormattableString.Invariant($"{BatchesPerStep}"),
        [nameof(Precision)] = $"{Precision}",
        [nameof(Seed)] = FormattableString.Invariant($"{Seed}"),
    };
}
