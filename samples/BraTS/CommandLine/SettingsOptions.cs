using System.CommandLine;

namespace KnowledgeDistillation.Samples.BraTS;

/// <summary>The options that change <see cref="ExperimentSettings"/>; each has the default that the command's settings have.</summary>
internal sealed class SettingsOptions
{
    private readonly ExperimentSettings _defaults;
    private readonly Command _command;
    private readonly List<Func<ParseResult, ExperimentSettings, ExperimentSettings>> _changes = [];

    public SettingsOptions(Command command, ExperimentSettings defaults) => (_command, _defaults) = (command, defaults);

    /// <summary>The settings with what the user gave.</summary>
    public ExperimentSettings Read(ParseResult parsed) => _changes.Aggregate(_defaults, (settings, change) => change(parsed, settings));

    public void AddSeed() => Add("--seed", "Fixes everything random: the same seed on the same machine with the same number of threads gives the same result.", _defaults.Seed, (settings, value) => settings with { Seed = value });

    public void AddPhantom()
    {
        Add("--cases", "Number of phantom patients.", _defaults.PhantomCases, (settings, value) => settings with { PhantomCases = value }).MustBeAtLeast(1);
        Add("--size", "Edge of the phantoms' volumes in voxels.", _defaults.PhantomEdge, (settings, value) => settings with { PhantomEdge = value }).MustBeAtLeast(16);
        Add("--noise", "Noise of the phantoms relative to white matter, 0 to 0.5.", _defaults.PhantomNoise, (settings, value) => settings with { PhantomNoise = value });
        Add("--contrast", "How clearly the phantoms' tumours show, 0 to 2.", _defaults.PhantomTumourContrast, (settings, value) => settings with { PhantomTumourContrast = value });
        Add("--oedema-in-t1", "How clearly oedema shows in T1 and T1ce, 0 to 3.", _defaults.PhantomOedemaContrastInT1, (settings, value) => settings with { PhantomOedemaContrastInT1 = value });
        Add("--reference-error", "How far the phantoms' reference strays from the true outline, in mm of a life-size head, 0 to 20.", _defaults.PhantomReferenceError, (settings, value) => settings with { PhantomReferenceError = value });
        Add("--distractors", "How many things look like tumour in one modality, 0 to 3.", _defaults.PhantomDistractors, (settings, value) => settings with { PhantomDistractors = value });
    }

    public Option<int> AddCrop()
    {
        Option<int> option = Add("--crop", "Edge in voxels to which images are cropped or padded.", _defaults.CropEdge, (settings, value) => settings with { CropEdge = value });
        option.MustBeAtLeast(1);
        return option;
    }

    public Option<int> AddSubsampling()
    {
        Option<int> option = Add("--subsample", "Edge of the block of voxels that becomes one.", _defaults.SubsamplingFactor, (settings, value) => settings with { SubsamplingFactor = value });
        option.MustBeAtLeast(1);
        return option;
    }

    public void AddSplit()
    {
        Add("--folds", "Number of parts of the data set, one of which is the test set; 1 for no test set.", _defaults.Folds, (settings, value) => settings with { Folds = value }).MustBeAtLeast(1);
        Add("--fold", "Which part is the test set, from 1.", _defaults.Fold, (settings, value) => settings with { Fold = value }).MustBeAtLeast(1);
    }

    public void AddTraining()
    {
        Add("--width", "Channels of the U-Net's first level, doubled at each level.", _defaults.BaseWidth, (settings, value) => settings with { BaseWidth = value });
        Add("--levels", "Resolutions of the U-Net.", _defaults.Levels, (settings, value) => settings with { Levels = value }).MustBeAtLeast(2);
        Add("--epochs", "Passes over the training cases.", _defaults.Epochs, (settings, value) => settings with { Epochs = value }).MustBeAtLeast(1);
        Add("--batch", "Cases in a batch.", _defaults.BatchSize, (settings, value) => settings with { BatchSize = value }).MustBeAtLeast(1);
        Add("--learning-rate", "Learning rate of Adam.", _defaults.LearningRate, (settings, value) => settings with { LearningRate = value }).MustBeAbove(0);
        Add("--patience", "Epochs without a lower validation loss after which the learning rate is multiplied by 0.2.", _defaults.PlateauPatience, (settings, value) => settings with { PlateauPatience = value }).MustBeAtLeast(1);
        Add("--flip", "Whether training cases are flipped at random.", _defaults.Flip, (settings, value) => settings with { Flip = value });
    }

    public void AddDistillation()
    {
        Add("--lambda", "Weight of the teacher against the reference, 0 to 1.", _defaults.Lambda, (settings, value) => settings with { Lambda = value });
        Add("--temperature", "Temperature of the teacher's soft targets.", _defaults.Temperature, (settings, value) => settings with { Temperature = value }).MustBeAbove(0);
        Add("--alpha", "Weight of the bottleneck loss, at least 0.", _defaults.Alpha, (settings, value) => settings with { Alpha = value });
    }

    private Option<T> Add<T>(string name, string description, T standard, Func<ExperimentSettings, T, ExperimentSettings> change)
    {
        var option = new Option<T>(name) { Description = description, HelpName = typeof(T) == typeof(bool) ? "true|false" : "number", DefaultValueFactory = _ => standard };
        _command.Add(option);
        _changes.Add((parsed, settings) => change(settings, parsed.GetValue(option)!));
        return option;
    }
}
