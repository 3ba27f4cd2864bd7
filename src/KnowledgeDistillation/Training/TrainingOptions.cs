using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using KnowledgeDistillation.Runtime;
using TorchSharp.Modules;

namespace KnowledgeDistillation.Training;

/// <summary>How a network is fitted. Defaults are the paper's protocol (KD-Net, section 3.2).</summary>
/// <remarks>
/// The options that a command line may offer carry their group, a line of help and their range as attributes of .NET
/// (<see cref="CategoryAttribute"/>, <see cref="DescriptionAttribute"/>, <see cref="RangeAttribute"/>).
/// </remarks>
public sealed record TrainingOptions
{
    internal const double DefaultLearningRate = 1e-4;
    internal const double DefaultWeightDecay = 0;
    private const string Group = "training";

    // These may change when a fit is resumed. Every other option has an influence on its result.
    private static readonly string[] FreeOnResume =
    [
        nameof(Epochs), nameof(GradientSharesEvery), nameof(OutputFolder), nameof(Resume), nameof(RestoreBestWeights), nameof(Metadata), nameof(Callbacks),
        nameof(Collective),
    ];

    // Fits that began before these existed chose by the loss, of which the fingerprint says nothing.
    internal static readonly string[] OfBestEpoch = [nameof(BestEpoch), nameof(DiceRegions)];

    // Left out of the fingerprint where they are not chosen, because fits began before these existed.
    internal static readonly string[] NotAlwaysKept = [.. OfBestEpoch, nameof(CaseValidation)];

    /// <summary>Number of passes over the training cases, at least 1. Default 500.</summary>
    [Category(Group)]
    [Description("Passes over the training cases.")]
    [Range(1, int.MaxValue)]
    public int Epochs { get; init; } = 500;

    /// <summary>
    /// The learning rate of the default optimizer, above 0; null for 1e-4. Default null. Refused beside an <see cref="Optimizer"/>, which has its own.
    /// </summary>
    [Category(Group)]
    [Description("Learning rate of Adam.")]
    [AmbientValue("that of the system's source: 1e-4 for KD-Net")]
    [Range(0, double.MaxValue, MinimumIsExclusive = true)]
    public double? LearningRate { get; init; }

    /// <summary>
    /// Weight decay of the default optimizer, at least 0; null for 0. Default null; No New-Net uses 1e-5.
    /// Refused beside an <see cref="Optimizer"/>, which has its own.
    /// </summary>
    [Category(Group)]
    [Description("Weight decay of Adam.")]
    [AmbientValue("that of the system's source: 0 for KD-Net")]
    [Range(0, double.MaxValue)]
    public double? WeightDecay { get; init; }

    /// <summary>How the learning rate changes. Default: ×0.2 when the watched loss has not decreased for 50 epochs.</summary>
    public ILearningRateSchedule Schedule { get; init; } = new PlateauSchedule();

    /// <summary>
    /// Makes the optimizer from the parameters that learn; null for Adam with <see cref="LearningRate"/> and <see cref="WeightDecay"/>,
    /// which are refused beside an optimizer of your own. The schedule multiplies the learning rates with which its parameter groups begin.
    /// </summary>
    public Func<IEnumerable<Parameter>, OptimizerHelper>? Optimizer { get; init; }

    /// <summary>The gradient is scaled down to this Euclidean norm where it is longer; above 0, or null for never. Default null.</summary>
    [Category(Group)]
    [Description("The gradient is scaled down to this Euclidean norm where it is longer.")]
    [AmbientValue("never")]
    [Range(0, double.MaxValue, MinimumIsExclusive = true)]
    public double? GradientClipNorm { get; init; }

    /// <summary>
    /// Which epoch is the best: its checkpoint is kept, and <see cref="EarlyStoppingPatience"/> counts from it. The schedule sees losses all the same.
    /// Without validation cases it is that with the lowest training loss, whatever is chosen. Default <see cref="BestEpochRule.Loss"/>.
    /// </summary>
    public BestEpochRule BestEpoch { get; init; }

    /// <summary>
    /// The unions of classes, at least one, over which <see cref="BestEpochRule.Dice"/> averages; null for the channels that are not background.
    /// Default null.
    /// </summary>
    public IReadOnlyList<Region>? DiceRegions { get; init; }

    /// <summary>
    /// How whole validation cases are segmented to measure their Dice; null to measure it on the batches of the validation source, beside their losses.
    /// Without effect where <see cref="BestEpoch"/> is <see cref="BestEpochRule.Loss"/>. Default null.
    /// </summary>
    public CaseValidation? CaseValidation { get; init; }

    /// <summary>
    /// The fit ends when there was no better epoch for this many epochs (<see cref="BestEpoch"/>), where whole cases are measured
    /// (<see cref="CaseValidation"/>) for this many epochs in which they were; at least 1, or null for never. Default null.
    /// </summary>
    [Category(Group)]
    [Description("The fit ends when there was no better epoch for this many epochs.")]
    [AmbientValue("never")]
    [Range(1, int.MaxValue)]
    public int? EarlyStoppingPatience { get; init; }

    /// <summary>
    /// Fixes everything random in the fit, such as dropout: torch's generators are seeded from it and the number of the epoch as each epoch begins.
    /// The initial weights and the order of the cases are up to whoever makes the network and the batch source. Default 0.
    /// </summary>
    public long Seed { get; init; }

    /// <summary>
    /// Over how many batches the gradient is averaged before the optimizer takes a step, at least 1; the last step of an epoch takes what is left. Default 1.
    /// A large batch in the memory of a small one; the result is the same except for losses and batch norms that compute over a batch as a whole, as losses do
    /// that sum over samples or leave out ignored voxels.
    /// </summary>
    [Category(Group)]
    [Description("Over how many batches the gradient is averaged before the optimizer takes a step.")]
    [Range(1, int.MaxValue)]
    public int BatchesPerStep { get; init; } = 1;

    /// <summary>
    /// The element type in which student and teachers compute. Default <see cref="Precision.Fastest"/>, which halves the time on a processor
    /// that computes in bfloat16 and cost no accuracy that five seeds of phantoms could show; a fit resumes only in the precision in which it began.
    /// <see cref="Precision.Full"/> makes a fit the same, but for the order of summation, on every machine.
    /// </summary>
    [Category(Group)]
    [Description("The element type of convolutions: float32 (full), bfloat16 (mixed), or the faster of the two (fastest).")]
    public Precision Precision { get; init; } = Precision.Fastest;

    /// <summary>
    /// Every so many epochs each term's share of the gradient is measured at the first step; 0 for never. Default 0. Costs one backward pass per term.
    /// </summary>
    [Category(Group)]
    [Description("Every so many epochs each term's share of the student's gradient is measured; 0 for never.")]
    [Range(0, int.MaxValue)]
    public int GradientSharesEvery { get; init; }

    /// <summary>Where checkpoints (<c>best</c>, <c>last</c>) and <c>history.csv</c> go; null to write nothing. Default null.</summary>
    public string? OutputFolder { get; init; }

    /// <summary>
    /// Whether to go on from the folder's last checkpoint where there is one. Default no: a folder that holds one is then refused, so that no result is lost.
    /// Refused without an <see cref="OutputFolder"/>.
    /// </summary>
    public bool Resume { get; init; }

    /// <summary>Whether the network gets back the weights of its best epoch when the fit ends. Default yes.</summary>
    public bool RestoreBestWeights { get; init; } = true;

    /// <summary>Facts to keep with the checkpoints, for example how the images were prepared. Ignored without an <see cref="OutputFolder"/>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>Called after each step and each epoch, in this order. Default none.</summary>
    public IReadOnlyList<ITrainingCallback> Callbacks { get; init; } = [];

    /// <summary>
    /// What connects this process to others that train the same network with it, each on its share of the batches; null for a fit in one process.
    /// Default null. Part of no checkpoint: a fit may be resumed by another number of processes.
    /// </summary>
    /// <remarks>
    /// All processes make the same trainer with the same options and sources, and see the same <see cref="OutputFolder"/>. Each source must give the same
    /// batches in the same order in all of them, for example by the same seed; only their number is compared. Batch i of an epoch belongs to
    /// the process i mod N, so a step takes <see cref="BatchesPerStep"/> times N batches: N processes do what one process does with N times as many
    /// <see cref="BatchesPerStep"/>. The gradients are added up after the backward pass and not while it is under way. Losses and Dice of the reports are those
    /// over all processes, so that all choose the same best epoch and stop at the same time; progress between them shows the batches of the first process,
    /// which alone writes, logs and calls <see cref="Callbacks"/>. Random numbers differ from one process to the next. A batch norm uses the
    /// statistics of its own process's batch, and its running statistics are those of the first. The collective belongs to the caller:
    /// see <see cref="ICollective"/> for what happens where one process fails.
    /// </remarks>
    public ICollective? Collective { get; init; }

    /// <summary>After how many steps losses are read back from the device; null for what suits the device.</summary>
    internal int? StepsPerReading { get; init; }

    internal void Validate() => new OptionFaults(nameof(TrainingOptions))
        .Require(Epochs >= 1, $"Epochs must be at least 1, but is {Epochs}.")
        .Require(LearningRate is null or (> 0 and < double.PositiveInfinity), $"LearningRate must be above 0, but is {LearningRate}.")
        .Require(WeightDecay is null or (>= 0 and < double.PositiveInfinity), $"WeightDecay must be at least 0, but is {WeightDecay}.")
        .Require(LearningRate is null || Optimizer is null, "LearningRate must not be given beside an Optimizer: give it to the optimizer instead.")
        .Require(WeightDecay is null || Optimizer is null, "WeightDecay must not be given beside an Optimizer: give it to the optimizer instead.")
        .Require(Schedule is not null, "Schedule must be given; use ConstantSchedule for none.")
        .Require(GradientClipNorm is null or > 0, $"GradientClipNorm must be above 0, but is {GradientClipNorm}.")
        .Require(Enum.IsDefined(BestEpoch), $"BestEpoch has no value {BestEpoch}.")
        .Require(DiceRegions is null || (DiceRegions.Count > 0 && DiceRegions.All(region => region is not null)),
            "DiceRegions must hold at least one region; use null for the channels that are not background.")
        .Require(CaseValidation is null or { Cases: not null, Inference: not null, Every: >= 1 },
            $"CaseValidation must have cases, an inference, and measure every 1 or more epochs, but is {CaseValidation?.Every}.")
        .Require(EarlyStoppingPatience is null or >= 1, $"EarlyStoppingPatience must be at least 1, but is {EarlyStoppingPatience}.")
        .Require(BatchesPerStep >= 1, $"BatchesPerStep must be at least 1, but is {BatchesPerStep}.")
        .Require(Enum.IsDefined(Precision), $"Precision has no value {Precision}.")
        .Require(GradientSharesEvery >= 0, $"GradientSharesEvery must be at least 0, but is {GradientSharesEvery}.")
        .Require(Metadata is not null, "Metadata must be given; leave it empty for none.")
        .Require(Callbacks is not null && Callbacks.All(callback => callback is not null), "Callbacks must be given; leave the list empty for none.")
        .Require(!Resume || OutputFolder is not null, "Resume needs an OutputFolder to resume from.")
        .ThrowIfAny();

    /// <summary>
    /// The options that a resumed fit must share with the one that it continues. The number of epochs may differ. Of an optimizer of the user's own
    /// only the learning rates that it used are known, from the history.
    /// </summary>
    internal SortedDictionary<string, string> Fingerprint() => new(
        typeof(TrainingOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(option => !FreeOnResume.Contains(option.Name) && (Optimizer is null || option.Name is not (nameof(LearningRate) or nameof(WeightDecay))))
            .Where(option => BestEpoch != BestEpochRule.Loss || !OfBestEpoch.Contains(option.Name))
            .Where(option => CaseValidation is not null || option.Name != nameof(CaseValidation))
            .ToDictionary(option => option.Name, option => Text(option.Name, option.GetValue(this))),
        StringComparer.Ordinal);

    private static string Text(string option, object? value) => (option, value) switch
    {
        (nameof(LearningRate), null) => Text(option, DefaultLearningRate),
        (nameof(WeightDecay), null) => Text(option, DefaultWeightDecay),
        (nameof(DiceRegions), IEnumerable<Region> regions) =>
            string.Join(", ", regions.Select(region => $"{region.Name}: {string.Join(" + ", region.Classes)}")),
        (nameof(Optimizer), _) => value is null ? "Adam" : "custom",
        (_, IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value?.ToString() ?? "",
    };
}
