using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Medical.Augmentation;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Phantoms;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Experiments.Settings;

/// <summary>
/// All that an experiment depends on, in one place. The defaults are the demo's: small enough for two cores, and large enough that all three networks learn;
/// <see cref="Paper"/> has the paper's protocol, which `kdnet train` starts from.
/// </summary>
public sealed record ExperimentSettings
{
    // What caches and checkpoints of crops have, where it decides nothing.
    private const int UncroppedMultiple = 16;

    // Before all that are made with it.
    private static readonly Dictionary<string, Normalization> NoStatistics = [];
    private static readonly DatasetDescription BraTS = new(BraTSModality.All, BraTSLabelConvention.BraTS2018);

    /// <summary>
    /// The protocol of the paper (section 3.2); what a system's own source says of its width, learning rate and weights is left to the system.
    /// </summary>
    public static ExperimentSettings Paper { get; } = new()
    {
        CropEdge = 128,
        SubsamplingFactor = 2,
        BaseWidth = null,
        Levels = null,
        Training = new TrainingOptions { Epochs = 500, Precision = Precision.Full, GradientSharesEvery = 5 },
        BatchSize = 1,
        PlateauPatience = 50,
        BestEpoch = BestEpochRule.Loss,
        ValidationShare = 0.1,
        Lambda = null,
        Temperature = null,
        Alpha = null,
    };

    /// <summary>Fixes phantoms, folds, initial weights, order and augmentation. Default 1.</summary>
    [Category("general"), Description("Fixes everything random: the same seed on the same machine with the same number of threads gives the same result.")]
    public int Seed { get; init; } = 1;

    /// <summary>Number of phantoms, at least 1. Default 48.</summary>
    [Category("phantoms"), DisplayName("cases"), Description("Number of phantom patients."), Range(1, int.MaxValue)]
    public int PhantomCases { get; init; } = 48;

    /// <summary>Edge of the phantoms' volumes in voxels, at least 16. Default 24.</summary>
    [Category("phantoms"), DisplayName("size"), Description("Edge of the phantoms' volumes in voxels."), Range(16, int.MaxValue)]
    public int PhantomEdge { get; init; } = 24;

    /// <summary>Standard deviation of the phantoms' noise relative to white matter, 0 to 0.5. Default 0.04.</summary>
    [Category("phantoms"), DisplayName("noise"), Description("Noise of the phantoms relative to white matter, 0 to 0.5."), Range(0.0, 0.5)]
    public double PhantomNoise { get; init; } = 0.04;

    /// <summary>Scales the difference between tumor and healthy tissue in all modalities of the phantoms, 0 to 2. Default 1.</summary>
    [Category("phantoms"), DisplayName("contrast"), Description("How clearly the phantoms' tumors show, 0 to 2."), Range(0.0, 2.0)]
    [JsonPropertyName("PhantomTumourContrast")]
    public double PhantomTumorContrast { get; init; } = 1;

    /// <summary>Scales how well edema shows in T1 and T1ce, which is what the student lacks, 0 to 3. Default 1.</summary>
    [Category("phantoms"), DisplayName("edema-in-t1"), Description("How clearly edema shows in T1 and T1ce, 0 to 3."), Range(0.0, 3.0)]
    [JsonPropertyName("PhantomOedemaContrastInT1")]
    public double PhantomEdemaContrastInT1 { get; init; } = 1;

    /// <summary>Scales the number of vessels and lesions that look like tumor in one modality, 0 to 3. Default 1.</summary>
    [Category("phantoms"), DisplayName("distractors"), Description("How many things look like tumor in one modality, 0 to 3."), Range(0.0, 3.0)]
    public double PhantomDistractors { get; init; } = 1;

    /// <summary>How far the phantoms' reference strays from the true outline, in mm of a life-size head, 0 to 20. Default 8.</summary>
    [Category("phantoms"), DisplayName("reference-error"), Range(0.0, 20.0)]
    [Description("How far the phantoms' reference strays from the true outline, in mm of a life-size head, 0 to 20.")]
    public double PhantomReferenceError { get; init; } = 8;

    /// <summary>Whether a voxel of the phantoms is the mean over its volume instead of what lies at its center. Default no.</summary>
    [Category("phantoms"), DisplayName("partial-volume"), Description("Whether a voxel of the phantoms is the mean over its volume.")]
    public bool PhantomPartialVolume { get; init; }

    /// <summary>The share of its contrast in T1ce that the phantoms' enhancing rim loses at its faintest places, 0 to 1. Default 0.</summary>
    [Category("phantoms"), DisplayName("uneven-rim"), Range(0.0, 1.0)]
    [Description("The share of its contrast in T1ce that the phantoms' enhancing rim loses at its faintest places, 0 to 1.")]
    public double PhantomRimUnevenness { get; init; }

    /// <summary>How much the phantoms' core looks like edema in T1 and T1ce where it does not enhance, 0 to 1. Default 0.</summary>
    [Category("phantoms"), DisplayName("core-like-edema"), Range(0.0, 1.0)]
    [Description("How much the phantoms' core looks like edema in T1 and T1ce where it does not enhance, 0 to 1.")]
    public double PhantomCoreLikeEdema { get; init; }

    /// <summary>How much the scanners of the phantoms differ in contrast, blur, noise and bias, 0 to 1. Default 0.</summary>
    [Category("phantoms"), DisplayName("scanner-variation"), Range(0.0, 1.0)]
    [Description("How much the scanners of the phantoms differ in contrast, blur, noise and bias, 0 to 1.")]
    public double PhantomScannerVariation { get; init; }

    /// <summary>Edge in voxels of the original resolution to which images are cropped or padded, at least 1. Default 24.</summary>
    [Category("images"), DisplayName("crop"), Description("Edge in voxels to which images are cropped or padded."), Range(1, int.MaxValue)]
    public int CropEdge { get; init; } = 24;

    /// <summary>
    /// The size in mm to which voxels are brought before the crop, as <see cref="Metrics.Spacing.Parse"/> reads it; null for that of the images.
    /// </summary>
    [Category("images"), AmbientValue("that of the images")]
    [Description("The size in mm to which voxels are brought first: one number, or three for right, anterior, superior (0.5,0.5,3).")]
    public string? Spacing { get; init; }

    /// <summary>Edge of the block of voxels that becomes one, at least 1. Default 1.</summary>
    [Category("images"), DisplayName("subsample"), Description("Edge of the block of voxels that becomes one."), Range(1, int.MaxValue)]
    public int SubsamplingFactor { get; init; } = 1;

    /// <summary>
    /// How intensities are normalized: one <see cref="NormalizationKind"/> for all images, or some by modality ("CT=ct,MR=zscore"); null to go by the names
    /// of the modalities as <see cref="Medical.Preprocessing.Normalization.KindOf"/> does.
    /// </summary>
    [Category("images"), AmbientValue("auto: ct for the modality CT, else zscorenonzero")]
    [Description("How intensities are normalized: zscorenonzero, zscore, ct or none, for all images or by modality, for example CT=ct,MR=zscore.")]
    public string? Normalization { get; init; }

    /// <summary>
    /// What the labels of the references mean, as <see cref="LabelConvention.Parse"/> reads it; null for what the data set says or all its cases tell.
    /// </summary>
    [Category("data"), AmbientValue("found from the whole data set")]
    [Description(
        "What the labels on disk mean: 1=necrosis,2=edema,3=enhancing,4=ignore. Several labels may be one tissue; ignored ones are not counted at all.")]
    public string? Labels { get; init; }

    /// <summary>The modality that is at hand in the end, for systems that see one; null for T1ce where the data set has it.</summary>
    [Category("modalities"), AmbientValue("t1ce where the data set has it")]
    [Description("The modality that a student, a baseline or any system that sees one is given.")]
    public string? Student { get; init; }

    /// <summary>The modalities that a teacher, or any system that sees several, is given, with commas between them; null for all of the data set.</summary>
    [Category("modalities"), AmbientValue("all of the data set")]
    [Description("The modalities that a teacher, or any system that sees several, is given.")]
    public string? TeacherModalities { get; init; }

    /// <summary>
    /// The value of the voxels around the head, as <see cref="ImageBackground.Parse"/> reads it; null for 0.
    /// </summary>
    [Category("data"), AmbientValue("0"), Description("The value of the voxels around the head, or 'border' for that on the border of each image.")]
    public string? Background { get; init; }

    /// <summary>Whether voxels that are not a number are taken for background. Default no.</summary>
    [Category("data"), DisplayName("nan-as-zero"), Description("Whether voxels that are not a number (NaN) are taken for background.")]
    public bool NotANumberIsZero { get; init; }

    /// <summary>Number of folds; one of them is the test set. 1: no test set, all cases are for training and validation. Default 3.</summary>
    [Category("split"), Description("Number of parts of the data set, one of which is the test set; 1 for no test set."), Range(1, int.MaxValue)]
    public int Folds { get; init; } = 3;

    /// <summary>Which fold is the test set, from 1. Default 1.</summary>
    [Category("split"), Description("Which part is the test set, from 1."), Range(1, int.MaxValue)]
    public int Fold { get; init; } = 1;

    /// <summary>Share of the training part that decides about the learning rate and the best checkpoint. Default 0.17.</summary>
    [Category("split"), Description("Share of the training cases that chooses the best epoch."), Range(0.0, 1.0)]
    public double ValidationShare { get; init; } = 0.17;

    /// <summary>Which of the parts of that share it is, from 1. Default 1.</summary>
    [Category("split"), Range(1, int.MaxValue)]
    [Description("Which part of the training cases chooses the best epoch, from 1; teachers with different parts make an ensemble.")]
    public int ValidationPart { get; init; } = 1;

    /// <summary>The network of the systems that have none of their own, one of <see cref="NetworkNames.All"/>; null for the paper's U-Net.</summary>
    [Category("network"), AmbientValue("UNet")]
    [Description("The network, for systems that have none of their own: the paper's U-Net, MultiResUNet, or the U-Net on axial slices.")]
    public string? Network { get; init; }

    /// <summary>Channels of the network's shallowest level; null for its own default. Default 8.</summary>
    [Category("network"), DisplayName("width"), AmbientValue("the network's own: 30 for the U-Net")]
    [Description("Channels of the network's first level, doubled at each level.")]
    public int? BaseWidth { get; init; } = 8;

    /// <summary>Number of resolutions of the network; null for its own default. Default 4.</summary>
    [Category("network"), AmbientValue("the network's own: 5 for the U-Net"), Description("Resolutions of the network.")]
    public int? Levels { get; init; } = 4;

    /// <summary>Number of its skip connections; null for all.</summary>
    [Category("network"), DisplayName("skips"), AmbientValue("all"), Description("Skip connections of the U-Net, kept at the deepest levels first.")]
    public int? SkipConnections { get; init; }

    /// <summary>
    /// How networks are fitted; where the learning rate and the weight decay are null, those of the system's source. Its output folder, its callbacks, its
    /// seed (<see cref="Seed"/>), its best epoch (<see cref="BestEpoch"/>) and, where it has a <see cref="PlateauSchedule"/>, that schedule
    /// (<see cref="Decay"/>, <see cref="PlateauPatience"/>) are set by the experiment.
    /// </summary>
    public TrainingOptions Training { get; init; } = new() { Epochs = 70, LearningRate = 2e-3, Precision = Precision.Full, GradientSharesEvery = 5 };

    /// <summary>Cases in a batch, at least 1. Default 2.</summary>
    [Category("training"), DisplayName("batch"), Description("Cases in a batch."), Range(1, int.MaxValue)]
    public int BatchSize { get; init; } = 2;

    /// <summary>Epochs without a lower validation loss after which the learning rate is multiplied by 0.2, at least 1. Default 10.</summary>
    [Category("training"), DisplayName("patience"), Range(1, int.MaxValue)]
    [Description("Epochs without a lower validation loss after which the learning rate is multiplied by 0.2.")]
    public int PlateauPatience { get; init; } = 10;

    /// <summary>How the learning rate falls. Default <see cref="LearningRateDecay.Plateau"/>, as in the paper.</summary>
    [Category("training")]
    [Description(
        "How the learning rate falls: by 0.2 when the validation loss has not for as many epochs as the patience (plateau), "
        + "or by 0.1 for the last quarter (fixed).")]
    public LearningRateDecay Decay { get; init; }

    /// <summary>
    /// Which epoch of a training is the best, whose weights are kept; null for <see cref="BestEpochRule.Dice"/>, the mean Dice of the regions over the
    /// validation cases. Folders that began before there was a choice go on by the loss. Default null;
    /// <see cref="Paper"/> keeps the loss, as the paper implies.
    /// </summary>
    [Category("training"), AmbientValue("dice"), DefaultValue(BestEpochRule.Loss)]
    [Description("Whose weights are kept: those of the epoch with the lowest validation loss, or with the highest mean Dice of the regions.")]
    public BestEpochRule? BestEpoch { get; init; }

    /// <summary>
    /// Whether networks learn the regions, each by itself with a sigmoid, in place of the classes with a softmax, as in nnU-Net's region-based training
    /// (<see cref="LabelConvention.ToOverlappingRegions"/>). A student needs a teacher that learned them too. Default no, as in the paper.
    /// </summary>
    [Category("training"), Description("Whether networks learn the regions that are scored, each by itself, in place of the classes.")]
    public bool RegionTraining { get; init; }

    /// <summary>
    /// Whether the coarser levels of the decoder learn from the reference too, as in nnU-Net (<see cref="DecoderSupervisionLoss"/>); frozen teachers,
    /// baselines and students alike, but not a teacher that learns with its student. What learns for it is left out of the trained network. Default no, as in
    /// the paper.
    /// </summary>
    [Category("training"), Description("Whether the coarser levels of the decoder are compared with the reference too, each counting half of the one above.")]
    public bool DeepSupervision { get; init; }

    /// <summary>Whether training cases are flipped along each axis with probability 1/2. Default yes.</summary>
    [Category("training"), Description("Whether training cases are flipped at random.")]
    public bool Flip { get; init; } = true;

    /// <summary>
    /// Edge in voxels of the random patches to learn from, at the resolution of <see cref="SubsamplingFactor"/>, at least 1; null to learn from whole crops.
    /// With patches nothing is cropped. Default null.
    /// </summary>
    [Category("patches"), DisplayName("patch-size"), AmbientValue("none: the whole crop"), Range(1, int.MaxValue)]
    [Description("Edge of random patches to learn from, at the resolution after subsampling; nothing is cropped then.")]
    public int? PatchEdge { get; init; }

    /// <summary>The share of the patches whose center is not background, 0 to 1. Default 0.33, as in nnU-Net.</summary>
    [Category("patches"), DisplayName("foreground-share"), Description("Share of the patches whose center is not background."), Range(0.0, 1.0)]
    public double PatchForegroundShare { get; init; } = 0.33;

    /// <summary>Patches of each case in an epoch, at least 1. Default 1.</summary>
    [Category("patches"), Description("Patches of each case in an epoch."), Range(1, int.MaxValue)]
    public int PatchesPerCase { get; init; } = 1;

    /// <summary>
    /// In every so many epochs of a training on patches that chooses the best one by its Dice (<see cref="BestEpoch"/>), whole validation cases are segmented
    /// in windows, at least 1. Default 5.
    /// </summary>
    [Category("patches"), Range(1, int.MaxValue)]
    [Description("With patches, whole validation cases are segmented in windows every so many epochs; the epoch of the highest mean Dice is kept.")]
    public int ValidateEvery { get; init; } = 5;

    /// <summary>How training cases are changed at random beyond flips, as <see cref="AugmentationOptions.Parse"/> reads it; null for not at all.</summary>
    [Category("augmentation"), AmbientValue("none")]
    [Description("Random changes beyond flips, each with nnU-Net's range unless another is given: rotation, scaling, noise, blur, brightness, contrast, gamma, "
        + "low-resolution, or all; for example rotation,scaling=0.8..1.2.")]
    public string? Augment { get; init; }

    /// <summary>λ, the weight of the teacher against the reference; null for that of the system's source. Default 0.75.</summary>
    [Category("distillation"), AmbientValue("that of the system's source: 0.75 for KD-Net"),
    Description("Weight of the teacher against the reference, 0 to 1.")]
    public double? Lambda { get; init; } = 0.75;

    /// <summary>
    /// T, the temperature of the teacher's soft targets; null for that of the system's source. Default 2, chosen by measurement, with <see cref="Alpha"/>:
    /// the paper's T = 5 and α = 10 belong to 95,000 steps, and leave the student of the demo's 980 behind the baseline.
    /// </summary>
    [Category("distillation"), AmbientValue("that of the system's source: 5 for KD-Net"), Description("Temperature of the teacher's soft targets.")]
    [Range(0, double.MaxValue, MinimumIsExclusive = true)]
    public double? Temperature { get; init; } = 2;

    /// <summary>
    /// α, the weight of the term that compares features (for KD-Net, the bottleneck loss); null for that of the system's source. Default 0.1.
    /// </summary>
    [Category("distillation"), AmbientValue("that of the system's source: 10 for KD-Net")]
    [Description("Weight of the term that compares features (for KD-Net, the bottleneck loss), at least 0.")]
    public double? Alpha { get; init; } = 0.1;

    /// <summary>
    /// The Dice with which KD-Net compares the student with the soft targets. Default <see cref="DiceForm.Linear"/>, the paper's, which is largest for a mask
    /// that is larger than what the targets say; the others are largest where both agree.
    /// </summary>
    [Category("distillation"), DisplayName("kd-dice")]
    [Description("The Dice with which KD-Net compares student and soft targets: the paper's (linear), or one that does not favor larger masks.")]
    public DiceForm SoftTargetDice { get; init; }

    /// <summary>How the methods of other papers compare the student with the reference. Default <see cref="ReferenceChoice.KDNet"/>.</summary>
    [Category("distillation")]
    [Description("How students of other papers' methods are compared with the reference: by KD-Net's loss (kdnet), or by their own paper's (paper).")]
    public ReferenceChoice ReferenceLoss { get; init; }

    /// <summary>Whether all folds begin with the same weights, as in folders that began before each fold had its own.</summary>
    internal bool FoldsShareWeights { get; init; }

    // Values that are derived from settings are internal, so that they are neither stored nor listed as settings.

    /// <summary>
    /// The modalities and labels of the data set, which an experiment fills in when it has opened its data; not stored. Default: those of BraTS.
    /// </summary>
    public DatasetDescription Data { get; init; } = BraTS;

    /// <summary>
    /// The numbers with which the CT images of the training cases are normalized, by modality, which an experiment fills in when it knows these cases;
    /// not stored. Default: none.
    /// </summary>
    public IReadOnlyDictionary<string, Normalization> TrainingStatistics { get; init; } = NoStatistics;

    /// <summary>The modalities that a network sees which sees all: those of <see cref="TeacherModalities"/>, else all of <see cref="Data"/>.</summary>
    /// <exception cref="ExperimentException">The data set lacks one of them.</exception>
    public IReadOnlyList<string> Modalities => TeacherModalities is null
        ? Data.Modalities
        : [.. TeacherModalities.Split(',').Select(name => ModalityNamed(name, nameof(TeacherModalities)))];

    /// <summary>The modality that is at hand, as the data set spells it.</summary>
    /// <exception cref="ExperimentException">The data set lacks it, or has several of which none was chosen.</exception>
    public string StudentModality => Student is not null ? ModalityNamed(Student, nameof(Student))
        : Data.Modalities.Contains(BraTSModality.T1ce) ? BraTSModality.T1ce
        : Data.Modalities is [var only] ? only
        : throw new ExperimentException(
            $"Say which of the modalities {string.Join(", ", Data.Modalities)} a network sees that sees one.", nameof(Student));

    /// <summary>What the output channels of the networks are: the classes of the voxels, or with <see cref="RegionTraining"/> the regions.</summary>
    internal LabelScheme Classes => RegionTraining ? Data.Labels.ToOverlappingRegions() : Data.Labels.Classes;

    /// <summary>What the labels mean, where the settings say it.</summary>
    internal LabelConvention? LabelConvention => Labels is null ? null : ParseLabels(Labels);

    /// <summary>Reads what labels mean: as tissues of BraTS where it speaks of them, else with the classes that it names.</summary>
    /// <exception cref="FormatException">It says nothing of labels.</exception>
    internal static LabelConvention ParseLabels(string text) =>
        BraTSLabelConvention.IsMeantBy(text) ? BraTSLabelConvention.Parse(text) : Medical.Datasets.LabelConvention.Parse(text);

    /// <summary>2 where the network sees slices, 3 where it sees volumes.</summary>
    internal int SpatialDimensions => NetworkNames.SpatialDimensionsOf(Network);

    /// <summary>
    /// How many skip connections the network has where <see cref="SkipConnections"/> leaves out none; null for a network that has none to leave out.
    /// </summary>
    internal int? AllSkipConnections =>
        Recipe([BraTSModality.T1ce], Classes.Channels) is UShapedNetworkOptions network ? network.Levels - 1 : null;

    /// <summary>What the phantoms look like.</summary>
    public BraTSPhantomOptions PhantomOptions() => new()
    {
        Seed = Seed,
        Size = VolumeSize.Cube(PhantomEdge),
        NoiseLevel = PhantomNoise,
        TumorContrast = PhantomTumorContrast,
        EdemaContrastInT1 = PhantomEdemaContrastInT1,
        Distractors = PhantomDistractors,
        ReferenceError = PhantomReferenceError,
        PartialVolume = PhantomPartialVolume,
        RimUnevenness = PhantomRimUnevenness,
        CoreLikeEdema = PhantomCoreLikeEdema,
        ScannerVariation = PhantomScannerVariation,
    };

    /// <summary>The patches to learn from; null for whole crops.</summary>
    internal PatchSampling? Patches => PatchEdge is not { } edge
        ? null
        : new() { Size = VolumeSize.Cube(edge), ForegroundShare = PatchForegroundShare, PatchesPerCase = PatchesPerCase };

    /// <summary>How training cases are changed beyond flips; null for not at all.</summary>
    internal AugmentationOptions? Augmentation => Augment is null ? null : AugmentationOptions.Parse(Augment);

    /// <summary>The edge in voxels of what a network is trained on.</summary>
    internal int InputEdge => PatchEdge ?? CropEdge / SubsamplingFactor;

    /// <summary>How images become the input of a network.</summary>
    public PreprocessingOptions Preprocessing(IReadOnlyList<string> modalities) => new()
    {
        Modalities = modalities,
        CropSize = PatchEdge is null ? VolumeSize.Cube(CropEdge) : null,
        SizeMultiple = PatchEdge is null ? UncroppedMultiple : 1,
        Spacing = Spacing is null ? null : Metrics.Spacing.Parse(Spacing),
        SubsamplingFactor = SubsamplingFactor,
        Background = Background is null ? null : ImageBackground.Parse(Background),
        NaNIsZero = NotANumberIsZero,
        // As long as the numbers of a CT are not known, all that counts is that 0 is no background.
        Normalizations = Kinds().Where(item => item.Value != NormalizationKind.ZScoreNonZero && modalities.Contains(item.Key)).ToDictionary(
            item => item.Key,
            item => item.Value == NormalizationKind.Ct
                ? TrainingStatistics.GetValueOrDefault(item.Key, Medical.Preprocessing.Normalization.ZScore)
                : Medical.Preprocessing.Normalization.Parse(item.Value.ToString()),
            StringComparer.Ordinal),
    };

    /// <summary>The modalities that are normalized by numbers of the training cases.</summary>
    internal IEnumerable<string> ModalitiesWithStatistics => Kinds().Where(item => item.Value == NormalizationKind.Ct).Select(item => item.Key);

    /// <summary>The same settings with the numbers of these training cases, where a modality is normalized by such.</summary>
    /// <param name="training">The training cases.</param>
    /// <param name="modalities">The modalities that are used.</param>
    /// <param name="cancellation">Stops between two cases.</param>
    /// <exception cref="InvalidDataException">A file is damaged.</exception>
    public ExperimentSettings WithStatisticsOf(
        IReadOnlyList<MedicalCase> training, IReadOnlyList<string> modalities, CancellationToken cancellation = default)
    {
        string[] measured = [.. ModalitiesWithStatistics.Where(modalities.Contains)];
        return measured.Length == 0 ? this : this with
        {
            TrainingStatistics = measured.ToDictionary(
                modality => modality, modality => Medical.Preprocessing.Normalization.MeasureCt(training, modality, cancellation), StringComparer.Ordinal),
        };
    }

    /// <summary>Reads how modalities are normalized.</summary>
    /// <returns>The kind by modality, with "" for all that are not named.</returns>
    /// <exception cref="FormatException">It says nothing of it.</exception>
    internal static IReadOnlyDictionary<string, NormalizationKind> ParseNormalization(string text)
    {
        Dictionary<string, NormalizationKind> kinds = new(StringComparer.OrdinalIgnoreCase);
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            (string name, string kind) = part.Split('=', StringSplitOptions.TrimEntries) switch
            {
                [var only] => ("", only),
                [{ Length: > 0 } modality, var own] => (modality, own),
                _ => ("", ""),
            };
            string known = string.Join(", ", Enum.GetNames<NormalizationKind>().Select(item => item.ToLowerInvariant()));
            if (kind.Length == 0 || !char.IsAsciiLetter(kind[0]) || !Enum.TryParse(kind, ignoreCase: true, out NormalizationKind parsed))
                throw new FormatException($"'{part}' is no normalization: give one of {known}, or modalities with one each, for example CT=ct,MR=zscore");
            if (!kinds.TryAdd(name, parsed))
                throw new FormatException($"'{text}' says twice how {(name.Length == 0 ? "all images are" : name + " is")} normalized");
        }

        return kinds;
    }

    private Dictionary<string, NormalizationKind> Kinds()
    {
        IReadOnlyDictionary<string, NormalizationKind>? given = Normalization is null ? null : ParseNormalization(Normalization);
        foreach (string name in given?.Keys.Where(name => name.Length > 0) ?? [])
            _ = ModalityNamed(name, nameof(Normalization));
        return Data.Modalities.ToDictionary(name => name, name => given is null ? Medical.Preprocessing.Normalization.KindOf(name)
            : given.TryGetValue(name, out NormalizationKind own) ? own
            : given.TryGetValue("", out NormalizationKind all) ? all
            : Medical.Preprocessing.Normalization.KindOf(name), StringComparer.Ordinal);
    }

    /// <summary>The network of these settings that sees some modalities.</summary>
    /// <param name="modalities">The modalities.</param>
    /// <param name="outputChannels">Number of its output channels.</param>
    /// <exception cref="ExperimentException">There is no network of that name.</exception>
    public NetworkRecipe Recipe(IReadOnlyList<string> modalities, int outputChannels) =>
        NetworkNames.Recipe(Network, modalities, outputChannels) is var recipe && recipe is UShapedNetworkOptions network
            ? network with { BaseWidth = BaseWidth ?? network.BaseWidth, Levels = Levels ?? network.Levels, SkipConnections = SkipConnections }
            : recipe;

    /// <summary>A network of another kind in the width and depth of these settings.</summary>
    public HeteroModalNetworkOptions Sized(HeteroModalNetworkOptions network)
    {
        ArgumentNullException.ThrowIfNull(network);
        return network with { BaseWidth = BaseWidth ?? network.BaseWidth, Levels = Levels ?? network.Levels };
    }

    /// <summary>Refuses settings of phantoms that cannot work.</summary>
    /// <exception cref="ExperimentException">A setting is out of range.</exception>
    public void ValidatePhantom() => ExperimentException.Refuse(() => _ = new BraTSPhantom(PhantomOptions()));

    /// <summary>Refuses settings of the preprocessing that cannot work.</summary>
    /// <exception cref="ExperimentException">A setting is out of range.</exception>
    public void ValidatePreprocessing() => ExperimentException.Refuse(() => _ = new Preprocessor(Preprocessing(Modalities)));

    private string ModalityNamed(string name, string setting) => Data.FindModality(name)
        ?? throw new ExperimentException($"The data set has no modality '{name}'; it has: {string.Join(", ", Data.Modalities)}.", setting);
}
