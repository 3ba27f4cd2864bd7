using System.CommandLine;
using System.Globalization;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Samples.BraTS.CommandLine;

/// <summary>The options that change <see cref="ExperimentSettings"/>; each has the default that the command's settings have.</summary>
internal sealed class SettingsOptions
{
    private readonly (string Preset, ExperimentSettings Settings)[] _presets;
    private readonly Command _command;
    private readonly List<Func<ParseResult, ExperimentSettings, ExperimentSettings>> _changes = [];

    public SettingsOptions(Command command, ExperimentSettings defaults)
        : this(command, ("", defaults))
    {
    }

    /// <summary>The options of a command that starts from one of several settings.</summary>
    /// <param name="command">The command.</param>
    /// <param name="presets">The settings with their names.</param>
    public SettingsOptions(Command command, params (string Preset, ExperimentSettings Settings)[] presets) => (_command, _presets) = (command, presets);

    /// <summary>The settings with what the user gave.</summary>
    public ExperimentSettings Read(ParseResult parsed) => Read(parsed, _presets[0].Settings);

    /// <summary>Some settings with what the user gave.</summary>
    public ExperimentSettings Read(ParseResult parsed, ExperimentSettings start) => _changes.Aggregate(start, (settings, change) => change(parsed, settings));

    public Option<int> AddSeed() => Add(
        "--seed",
        "Fixes everything random: the same seed on the same machine with the same number of threads gives the same result.",
        settings => settings.Seed,
        (settings, value) => settings with { Seed = value });

    public void AddPhantom()
    {
        Add("--cases", "Number of phantom patients.", settings => settings.PhantomCases, (settings, value) => settings with { PhantomCases = value })
            .MustBeAtLeast(1);
        Add("--size", "Edge of the phantoms' volumes in voxels.", settings => settings.PhantomEdge, (settings, value) => settings with { PhantomEdge = value })
            .MustBeAtLeast(16);
        Add(
            "--noise",
            "Noise of the phantoms relative to white matter, 0 to 0.5.",
            settings => settings.PhantomNoise,
            (settings, value) => settings with { PhantomNoise = value });
        Add(
            "--contrast",
            "How clearly the phantoms' tumors show, 0 to 2.",
            settings => settings.PhantomTumorContrast,
            (settings, value) => settings with { PhantomTumorContrast = value });
        Add(
            "--edema-in-t1",
            "How clearly edema shows in T1 and T1ce, 0 to 3.",
            settings => settings.PhantomEdemaContrastInT1,
            (settings, value) => settings with { PhantomEdemaContrastInT1 = value });
        Add(
            "--reference-error",
            "How far the phantoms' reference strays from the true outline, in mm of a life-size head, 0 to 20.",
            settings => settings.PhantomReferenceError,
            (settings, value) => settings with { PhantomReferenceError = value });
        Add(
            "--distractors",
            "How many things look like tumor in one modality, 0 to 3.",
            settings => settings.PhantomDistractors,
            (settings, value) => settings with { PhantomDistractors = value });
    }

    public Option<int> AddCrop()
    {
        Option<int> option = Add(
            "--crop",
            "Edge in voxels to which images are cropped or padded.",
            settings => settings.CropEdge,
            (settings, value) => settings with { CropEdge = value });
        option.MustBeAtLeast(1);
        return option;
    }

    public Option<int> AddSubsampling()
    {
        Option<int> option = Add(
            "--subsample",
            "Edge of the block of voxels that becomes one.",
            settings => settings.SubsamplingFactor,
            (settings, value) => settings with { SubsamplingFactor = value });
        option.MustBeAtLeast(1);
        return option;
    }

    public void AddSplit()
    {
        AddFolds("Number of parts of the data set, one of which is the test set; 1 for no test set.", least: 1);
        Add("--fold", "Which part is the test set, from 1.", settings => settings.Fold, (settings, value) => settings with { Fold = value }).MustBeAtLeast(1);
        AddValidationPart();
    }

    public void AddFolds(string description, int least) =>
        Add("--folds", description, settings => settings.Folds, (settings, value) => settings with { Folds = value }).MustBeAtLeast(least);

    public void AddValidationPart() =>
        Add(
            "--validation-part",
            "Which part of the training cases chooses the best epoch, from 1; teachers with different parts make an ensemble.",
            settings => settings.ValidationPart,
            (settings, value) => settings with { ValidationPart = value })
            .MustBeAtLeast(1);

    public void AddTraining()
    {
        AddNetworkSize();
        AddSkips();
        AddFitting();
    }

    public void AddFitting()
    {
        Add("--epochs", "Passes over the training cases.", settings => settings.Epochs, (settings, value) => settings with { Epochs = value }).MustBeAtLeast(1);
        Add("--batch", "Cases in a batch.", settings => settings.BatchSize, (settings, value) => settings with { BatchSize = value }).MustBeAtLeast(1);
        AddOptional(
            "--learning-rate",
            "Learning rate of Adam.",
            settings => settings.LearningRate,
            "that of the system's source: 1e-4 for KD-Net",
            (settings, value) => settings with { LearningRate = value })
            .MustBeAbove(0);
        Add(
            "--patience",
            "Epochs without a lower validation loss after which the learning rate is multiplied by 0.2.",
            settings => settings.PlateauPatience,
            (settings, value) => settings with { PlateauPatience = value })
            .MustBeAtLeast(1);
        Add("--flip", "Whether training cases are flipped at random.", settings => settings.Flip, (settings, value) => settings with { Flip = value });
        AddPrecision();
    }

    private void AddPrecision()
    {
        const string Full = "full", Mixed = "mixed", Fastest = "fastest";
        var option = new Option<string?>("--precision")
        {
            Description =
                "The element type of convolutions: float32 (full), bfloat16 (mixed), or the faster of the two on this machine's CPU (fastest). [default: full]",
            HelpName = $"{Full}|{Mixed}|{Fastest}",
        };
        option.AcceptOnlyFromAmong(Full, Mixed, Fastest);
        _command.Add(option);
        _changes.Add((parsed, settings) => parsed.GetValue(option) is { } name
            ? settings with { Precision = name switch { Full => Precision.Full, Mixed => Precision.Mixed, _ => TorchRuntime.FastestPrecision() } }
            : settings);
    }

    public void AddNetworkSize()
    {
        AddOptional(
            "--width",
            "Channels of the network's first level, doubled at each level.",
            settings => settings.BaseWidth,
            "the network's own: 30 for the U-Net",
            (settings, value) => settings with { BaseWidth = value });
        AddOptional(
            "--levels",
            "Resolutions of the network.",
            settings => settings.Levels,
            "the network's own: 5 for the U-Net",
            (settings, value) => settings with { Levels = value });
    }

    public void AddSkips() =>
        AddOptional(
            "--skips",
            "Skip connections of the U-Net, kept at the deepest levels first.",
            settings => settings.SkipConnections,
            "all",
            (settings, value) => settings with { SkipConnections = value });

    public void AddDistillation()
    {
        AddOptional(
            "--lambda",
            "Weight of the teacher against the reference, 0 to 1.",
            settings => settings.Lambda,
            "that of the system's source: 0.75 for KD-Net",
            (settings, value) => settings with { Lambda = value });
        AddOptional(
            "--temperature",
            "Temperature of the teacher's soft targets.",
            settings => settings.Temperature,
            "that of the system's source: 5 for KD-Net",
            (settings, value) => settings with { Temperature = value })
            .MustBeAbove(0);
        AddOptional(
            "--alpha",
            "Weight of the term that compares features (for KD-Net, the bottleneck loss), at least 0.",
            settings => settings.Alpha,
            "that of the system's source: 10 for KD-Net",
            (settings, value) => settings with { Alpha = value });
    }

    public void AddNetwork()
    {
        var option = new Option<string?>("--network")
        {
            Description =
                "The network, for systems that have none of their own: the paper's U-Net, MultiResUNet, or the U-Net on axial slices. [default: unet]",
            HelpName = string.Join('|', NetworkKinds.OptionNames),
        };
        option.AcceptOnlyFromAmong([.. NetworkKinds.OptionNames]);
        _command.Add(option);
        _changes.Add((parsed, settings) => parsed.GetValue(option) is { } name ? settings with { Network = NetworkKinds.Parse(name) } : settings);
    }

    // What has no default of its own is told in words.
    private Option<T?> AddOptional<T>(
        string name,
        string description,
        Func<ExperimentSettings, T?> standard,
        string standardInWords,
        Func<ExperimentSettings, T?, ExperimentSettings> change)
        where T : struct => Add(new Option<T?>(name) { HelpName = "number" }, description, standard, standardInWords, change);

    private Option<T> Add<T>(string name, string description, Func<ExperimentSettings, T> standard, Func<ExperimentSettings, T, ExperimentSettings> change) =>
        Add(new Option<T>(name) { HelpName = typeof(T) == typeof(bool) ? "true|false" : "number" }, description, standard, standardInWords: "", change);

    private Option<T> Add<T>(
        Option<T> option,
        string description,
        Func<ExperimentSettings, T> standard,
        string standardInWords,
        Func<ExperimentSettings, T, ExperimentSettings> change)
    {
        if (_presets.Length == 1 && standard(_presets[0].Settings) is { } value)
            (option.Description, option.DefaultValueFactory) = (description, _ => value);
        else
            option.Description = $"{description} [default: {Standards(standard, standardInWords)}]";
        _command.Add(option);
        _changes.Add((parsed, settings) => parsed.GetResult(option) is { Implicit: false } ? change(settings, parsed.GetValue(option)!) : settings);
        return option;
    }

    private string Standards<T>(Func<ExperimentSettings, T> standard, string standardInWords)
    {
        (string Preset, string Value)[] values = [.. _presets.Select(preset =>
            (preset.Preset, string.Create(CultureInfo.InvariantCulture, $"{standard(preset.Settings)}") is { Length: > 0 } value ? value : standardInWords))];
        return values.Select(value => value.Value).Distinct().Count() == 1
            ? values[0].Value
            : string.Join("; ", values.Select(value => $"{value.Preset}: {value.Value}"));
    }
}
