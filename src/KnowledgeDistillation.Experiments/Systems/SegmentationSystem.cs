using System.Globalization;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Teachers;
using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>
/// One of the ways to train a network: of those that the paper proposes, compares with or mentions,
/// or of a user's own (<see cref="SegmentationSystems.Register"/>).
/// </summary>
public sealed record SegmentationSystem
{
    /// <summary>Its name, also that of its folder, for example "kd-net".</summary>
    public required string Name { get; init; }

    /// <summary>Its name in tables.</summary>
    public required string Title { get; init; }

    /// <summary>What it is, in one line.</summary>
    public required string Summary { get; init; }

    /// <summary>Where it comes from; the number is that of the paper's list of references.</summary>
    public required string Source { get; init; }

    /// <summary>Its place in tables: the lower, the further up. Default: the last.</summary>
    public int Order { get; init; } = int.MaxValue;

    /// <summary>Which table of the paper compares it. Default: none.</summary>
    public PaperTable Table { get; init; }

    /// <summary>What its objective is made of, as tables write it, for example "GT + KL + KD"; null for the names of its terms.</summary>
    public string? Objective { get; init; }

    /// <summary>What its trained network needs to segment.</summary>
    public required SystemInputs Inputs { get; init; }

    /// <summary>Whether a trained teacher takes part in its training; one that learns in it is that of a <see cref="TrainingStage"/>.</summary>
    public bool NeedsTeacher { get; init; }

    /// <summary>Modalities that its training needs beside the one that is at hand.</summary>
    public Func<ExperimentSettings, string, IReadOnlyList<string>> LearnsFrom { get; init; } = (_, _) => [];

    /// <summary>The weights of its objective, each null where it has no such weight.</summary>
    public DistillationWeights Weights { get; init; } = new();

    /// <summary>The learning rate of its source; by default the KD-Net paper's.</summary>
    public double LearningRate { get; init; } = 1e-4;

    /// <summary>The weight decay of its source.</summary>
    public double WeightDecay { get; init; }

    /// <summary>How many parameters the network has in the weights or the code that were published with it, where they were.</summary>
    public string PublishedParameters { get; init; } = "";

    /// <summary>What is published of it where the KD-Net paper has no figures; null where nothing is known.</summary>
    public PublishedScores? Published { get; init; }

    /// <summary>The network that sees some modalities; null where it is the one that the settings name.</summary>
    public Func<ExperimentSettings, IReadOnlyList<string>, NetworkRecipe>? Network { get; init; }

    /// <summary>Whether a teacher takes part in its training: one that is trained already, or one that learns with the student.</summary>
    internal bool IsTaught => NeedsTeacher || Stages.Any(stage => stage.LearningTeacher is not null);

    /// <summary>Whether its objective has KD-Net's loss of soft targets, whose Dice the settings choose: whether another Dice changes its losses.</summary>
    internal bool ComparesWithSoftTargets => Stages.Any(stage => LossesWith(stage, DiceForm.Linear) != LossesWith(stage, DiceForm.Squared));

    /// <summary>Connects a fresh network with its teacher before the training.</summary>
    public Action<IEncoderDecoder, FrozenTeacher>? Couple { get; init; }

    /// <summary>The fits of its training, one after the other.</summary>
    public required IReadOnlyList<TrainingStage> Stages { get; init; }

    /// <summary>The modalities that its network sees.</summary>
    /// <param name="settings">The settings, which say which there are.</param>
    /// <param name="modality">The one that is at hand where it sees one.</param>
    public IReadOnlyList<string> Modalities(ExperimentSettings settings, string modality)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return Inputs == SystemInputs.OneModality ? [modality] : settings.Modalities;
    }

    /// <summary>The modalities that its training needs.</summary>
    public IReadOnlyList<string> TrainingModalities(ExperimentSettings settings, string modality)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (NeedsTeacher)
            return [.. settings.Data.Modalities.Where(name => settings.Modalities.Contains(name) || name == modality)];
        string[] needed = [.. Modalities(settings, modality).Union(LearnsFrom(settings, modality))];
        // In the order of a teacher that is trained alone, so that both find the same prepared cases.
        return IsTaught ? [.. settings.Data.Modalities.Where(needed.Contains)] : needed;
    }

    /// <summary>The network that it trains.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="modality">The modality that is at hand.</param>
    /// <exception cref="ExperimentException">The settings name a network, but the system has one of its own.</exception>
    public NetworkRecipe Recipe(ExperimentSettings settings, string modality)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (Network is null)
            return settings.Recipe(Modalities(settings, modality), settings.Classes.Channels);
        return settings.Network is null
            ? Network(settings, Modalities(settings, modality))
            : throw new ExperimentException($"The system '{Name}' has a network of its own, so no other can be chosen.", nameof(ExperimentSettings.Network));
    }

    /// <summary>How its network is fitted, apart from where its files go: by the settings, and by what its source says where they leave it open.</summary>
    public TrainingOptions TrainingOptions(ExperimentSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        bool isAdam = settings.Training.Optimizer is null;
        return settings.Training with
        {
            LearningRate = settings.Training.LearningRate ?? (isAdam ? LearningRate : null),
            WeightDecay = settings.Training.WeightDecay ?? (isAdam ? WeightDecay : null),
            Schedule = (settings.Training.Schedule, settings.Decay) switch
            {
                (PlateauSchedule, LearningRateDecay.Fixed) => FixedDecaySchedule.ForLastQuarterOf(Math.Max(1, settings.Training.Epochs)),
                (PlateauSchedule plateau, _) => plateau with { Patience = settings.PlateauPatience },
                (ILearningRateSchedule own, _) => own,
            },
            BestEpoch = settings.BestEpoch ?? BestEpochRule.Dice,
            DiceRegions = settings.Data.Regions,
            Seed = settings.Seed,
        };
    }

    /// <summary>The weights of its objective: those of the settings, and those of its source where the settings leave them open.</summary>
    public DistillationWeights WeightsWith(ExperimentSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return new DistillationWeights(
            Weights.Lambda is null ? null : settings.Lambda ?? Weights.Lambda,
            Weights.Temperature is null ? null : settings.Temperature ?? Weights.Temperature,
            Weights.Alpha is null ? null : settings.Alpha ?? Weights.Alpha);
    }

    /// <summary>Refuses settings that give a weight which its objective does not have, because whoever set it expects an effect.</summary>
    /// <exception cref="ExperimentException">There is one.</exception>
    public void RefuseOtherWeights(ExperimentSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        Refuse(Weights.Lambda, settings.Lambda, nameof(ExperimentSettings.Lambda));
        Refuse(Weights.Temperature, settings.Temperature, nameof(ExperimentSettings.Temperature));
        Refuse(Weights.Alpha, settings.Alpha, nameof(ExperimentSettings.Alpha));
        if (settings.SoftTargetDice != DiceForm.Linear && !ComparesWithSoftTargets)
        {
            throw new ExperimentException(
                $"The system '{Name}' has no Dice with soft targets, so {nameof(ExperimentSettings.SoftTargetDice)} {settings.SoftTargetDice} has no effect: "
                    + "leave it out.",
                nameof(ExperimentSettings.SoftTargetDice));
        }
    }

    /// <summary>Refuses settings of a training that cannot work, before anything is read or written.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="modality">The modality that is at hand.</param>
    /// <param name="teachers">The number of teachers.</param>
    /// <exception cref="ExperimentException">A setting is out of range.</exception>
    public void Validate(ExperimentSettings settings, string modality, int teachers)
    {
        ArgumentNullException.ThrowIfNull(settings);
        settings.ValidatePreprocessing();
        if (settings.Fold > settings.Folds)
        {
            throw new ExperimentException(
                $"The fold must be from 1 to {settings.Folds}, but is {settings.Fold}.", nameof(ExperimentSettings.Fold), nameof(ExperimentSettings.Folds));
        }

        if (NeedsTeacher && Stages.Any(stage => stage.LearningTeacher is not null))
        {
            throw new ExperimentException(
                $"The system '{Name}' needs a trained teacher and has one that learns in its training, but a fit has one or the other: leave one out.");
        }

        var inputs = ObjectiveInputs.Of(this, settings, modality, teachers, TorchSharp.torch.CPU);
        ExperimentException.Refuse(() =>
        {
            foreach (TrainingStage stage in Stages)
                stage.Objective(inputs).Dispose();
        });
        int multiple = 1;
        ExperimentException.Refuse(() =>
        {
            using IEncoderDecoder network = Recipe(settings, modality).Build();
            multiple = network.SizeMultiple;
        });
        int edge = settings.InputEdge;
        if (settings.PatchEdge is not null && (edge % multiple != 0 || edge < 2 * multiple))
        {
            throw new ExperimentException(
                $"Patches of {edge}³ voxels do not fit the network: the size must be a multiple of {multiple}, at least {2 * multiple}.",
                nameof(ExperimentSettings.PatchEdge), nameof(ExperimentSettings.Levels));
        }

        if (edge % multiple != 0 || edge < 2 * multiple)
        {
            throw new ExperimentException(
                $"Images of {edge}³ voxels (a crop of {settings.CropEdge} divided by {settings.SubsamplingFactor}) do not fit the network: "
                + $"the size must be a multiple of {multiple}, at least {2 * multiple}.",
                nameof(ExperimentSettings.CropEdge),
                nameof(ExperimentSettings.SubsamplingFactor),
                nameof(ExperimentSettings.Levels));
        }

        RefuseUnfitTeachers(settings, modality, teachers, multiple);
    }

    // Networks of the same settings fit each other; only a network of the system's own may have other widths or levels than the teacher of these settings.
    private void RefuseUnfitTeachers(ExperimentSettings settings, string modality, int teachers, int multiple)
    {
        if (teachers == 0 || Network is null)
            return;
        using IEncoderDecoder teacher = SegmentationSystems.Teacher.Recipe(settings, modality).Build();
        TeacherFit.Refuse(
            this, settings, modality, [.. Enumerable.Repeat(teacher, teachers)], 2 * Math.Max(multiple, teacher.SizeMultiple),
            $"The network of the system '{Name}' is its own: make it fit the teacher's, or leave out of its objective what compares them.");
    }

    private string LossesWith(TrainingStage stage, DiceForm dice)
    {
        using WeightedObjective objective = stage.Objective(
            new ObjectiveInputs(Weights, ["t1ce"], NeedsTeacher ? 1 : 0, SpatialDimensions: 3, TorchSharp.torch.CPU, SoftTargetDice: dice));
        return string.Join(", ", objective.Terms.Where(term => term.Weight > 0).Select(term => term.Loss));
    }

    private void Refuse(double? weight, double? given, string setting)
    {
        if (weight is null && given is not null)
        {
            throw new ExperimentException(
                string.Create(CultureInfo.InvariantCulture, $"The system '{Name}' has no such weight as {setting} {given}: leave it out."), setting);
        }
    }
}
