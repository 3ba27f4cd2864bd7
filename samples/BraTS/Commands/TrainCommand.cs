using System.CommandLine;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Samples.BraTS.CommandLine;
using KnowledgeDistillation.Samples.BraTS.Output;
using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Samples.BraTS.Commands;

/// <summary>`kdnet train`: one network on a data set.</summary>
internal sealed class TrainCommand : ExplainedCommand
{
    private readonly CommandServices _services;
    private readonly Option<string> _system =
        new("--system") { Description = "What to train; 'kdnet systems' lists them.", HelpName = "name", Required = true };
    private readonly Option<string?> _data = CommonOptions.Data("The data set.");
    private readonly Option<string> _out = CommonOptions.Out("Where checkpoints (best, last), history.csv and TensorBoard logs go.");
    private readonly Option<string[]> _teachers = new("--teacher")
    {
        Description = "The trained teacher, for systems that need one: its --out, or a checkpoint in it. Of several, the mean of what they teach is taken.",
        HelpName = "checkpoint",
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<string[]> _nnUNetTeachers = new("--teacher-weights")
    {
        Description = "A teacher that was trained in nnU-Net v2: the folder of its results, with plans.json, or of one of its folds.",
        HelpName = "folder",
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<bool> _resume = new("--resume") { Description = "Go on with the run in --out." };
    private readonly Option<string?> _cache = new("--cache")
    {
        Description = "Where prepared images are kept; give the same folder to several runs to prepare them once. [default: the folder cache in --out]",
        HelpName = "folder",
    };
    private readonly Option<string?> _mlflow = new("--mlflow")
    {
        Description = "Log the run for MLflow too, in this folder of its own format (usually mlruns), which may be that of many runs.",
        HelpName = "folder",
    };
    private readonly Option<bool> _skipFaulty = CommonOptions.SkipFaulty();
    private readonly SettingsOptions _settings;
    private readonly TorchOptions _torch;

    public TrainCommand(CommandServices services)
        : base("train", "Trains a teacher, a baseline, a KD-Net student, or any other system.",
            """
            Trains one system on a data set; 'kdnet systems' lists them.

            The defaults are the paper's: 500 epochs at 64³, width 30, three folds of which the first is left for the test. Give the same --seed, --folds and --fold to all, so that nobody learns from the test cases.

            Examples:
              kdnet train --system teacher  --data BraTS2018 --out runs/teacher  --cache runs/cache
              kdnet train --system baseline --data BraTS2018 --out runs/baseline --cache runs/cache
              kdnet train --system kd-net   --data BraTS2018 --out runs/kd-net   --cache runs/cache --teacher runs/teacher
              kdnet train --system kd-net   --data BraTS2018 --out runs/kd-net   --cache runs/cache --teacher runs/teacher --resume
              kdnet train --system hinton   --data BraTS2018 --out runs/hinton   --cache runs/cache --subsample 1 --teacher-weights nnUNetTrainer__nnUNetPlans__3d_fullres
              kdnet train --system u-hved   --data BraTS2018 --out runs/u-hved   --cache runs/cache
              kdnet train --system baseline --data BraTS2018 --out runs/native   --patch-size 128 --subsample 1 --augment all
              mpirun -n 2 kdnet train --system baseline --data BraTS2018 --out runs/baseline --batch 1
            """)
    {
        _services = services;
        _system.MustBeOneOf(SegmentationSystems.Names);
        _data.Required = true;
        _out.Required = true;
        Add(_system);
        Add(_data);
        Add(_out);
        Add(_teachers);
        Add(_nnUNetTeachers);
        Add(_resume);
        Add(_cache);
        Add(_mlflow);
        Add(_skipFaulty);
        _settings = new SettingsOptions(this, ExperimentSettings.Paper);
        _settings.Add(nameof(ExperimentSettings.Student)).Aliases.Add("--modality");
        _settings.Add(nameof(ExperimentSettings.TeacherModalities));
        foreach (string group in new[] { "general", "images", "data", "split", "network", "training", "patches", "augmentation", "distillation" })
            _settings.AddGroup(group);
        _torch = new TorchOptions(this);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        var device = _torch.Start(parsed, _services);
        ICollective? collective = _services.Processes.Start();
        string folder = Path.GetFullPath(parsed.GetValue(_out)!);
        Outputs.RequireFolder(folder, _out.Name);
        string cache = parsed.GetValue(_cache) ?? Path.Combine(folder, "cache");
        Outputs.RequireFolder(cache, _cache.Name);
        string? mlflow = parsed.GetValue(_mlflow);
        if (mlflow is not null)
            Outputs.RequireFolder(mlflow, _mlflow.Name);
        SegmentationSystem system = SegmentationSystems.Of(parsed.GetValue(_system)!);
        string[] teachers = FindTeachers(parsed, system);
        ExperimentSettings settings = Datasets.Describe(parsed.GetValue(_data)!, Read(parsed));
        // A system that sees all has no modality of its own.
        string modality = system.Inputs == SystemInputs.AllModalities && settings.Student is null ? settings.Modalities[0] : settings.StudentModality;
        var training = new NetworkTraining(settings, system, modality, folder, teachers) { MlflowFolder = mlflow };
        system.RefuseOtherWeights(training.Settings);
        system.Validate(training.Settings, modality, training.Teachers.Count);
        if (training.HasBegun && !parsed.GetValue(_resume))
            throw new UsageException($"'{folder}' already holds a run: add --resume to go on with it, or choose another --out.");

        // Of several processes the first speaks for all.
        Display display = collective is null or { Rank: 0 } ? _services.Display : new Display(TextWriter.Null, TextWriter.Null);
        if (collective is not null)
        {
            int cases = settings.BatchSize * settings.Training.BatchesPerStep * collective.Size;
            display.Say($"This is process {collective.Rank + 1} of {collective.Size}, which train one network together: each step takes {cases} cases.");
            training = training with { Settings = settings = settings with { Training = settings.Training with { Collective = collective } } };
        }

        IReadOnlyList<string> modalities = system.TrainingModalities(settings, modality);
        MedicalDataset dataset =
            Datasets.Open(parsed.GetValue(_data)!, modalities, parsed.GetValue(_skipFaulty), display, training.Settings, _services.Cancellation);
        settings = settings with { Data = dataset.Description };
        CaseSplit split = CaseSplit.Of(dataset, settings);
        training = (training with { Settings = settings }).WithStatistics(split, _services.Cancellation);
        training.RefuseUnfitTeacher(split, display);
        display.Say($"{split}.");
        try
        {
            var cached = PreparedCases.Prepare(
                [.. split.Training, .. split.Validation],
                training.Settings.Preprocessing(modalities),
                cache,
                display,
                _services.Cancellation,
                collective);
            TrainingResult result = training.Run(split, cached, device, display, _services.Cancellation);
            if (result.ResumedEpochs == result.History.Count)
            {
                display.Say($"The run in '{folder}' had ended already, after {result.ResumedEpochs} epochs: nothing was trained. "
                    + "More --epochs go on with it.");
            }

            display.Say($"The best of {result.History.Count} epochs was {result.Best.Epoch + 1}: {TrainingText.Epoch(result.Best)}.");
            display.Say($"The checkpoint is {result.BestCheckpoint}");
            collective?.Complete();
            return ExitCode.Done;
        }
        catch (OperationCanceledException)
        {
            display.Warn($"To go on: {_services.CommandLine("--resume")}");
            throw;
        }
    }

    // The paper's rule, the lowest loss, is that of whole crops; a loss of patches says little about whole cases.
    private ExperimentSettings Read(ParseResult parsed)
    {
        ExperimentSettings settings = _settings.Read(parsed);
        return settings.PatchEdge is not null && !_settings.IsGiven(parsed, nameof(ExperimentSettings.BestEpoch))
            ? settings with { BestEpoch = BestEpochRule.Dice }
            : settings;
    }

    private string[] FindTeachers(ParseResult parsed, SegmentationSystem system)
    {
        string[] teachers = parsed.GetValue(_teachers) ?? [], foreign = parsed.GetValue(_nnUNetTeachers) ?? [];
        int count = teachers.Length + foreign.Length;
        if (system.NeedsTeacher && count == 0)
        {
            throw new UsageException($"The system '{system.Name}' needs a trained teacher: train one with --system teacher, and give its --out as --teacher, "
                + "or give one of nnU-Net as --teacher-weights.");
        }

        if (!system.NeedsTeacher && count > 0)
        {
            throw new UsageException(
                $"The system '{system.Name}' "
                + (system.Stages.Any(stage => stage.LearningTeacher is not null) ? "trains its teacher itself" : "learns without a teacher")
                + $": leave {(teachers.Length > 0 ? _teachers.Name : _nnUNetTeachers.Name)} out.");
        }

        if (Array.Find(foreign, path => !NetworkTraining.IsNnUNetTeacher(path)) is { } wrong)
        {
            throw new UsageException($"'{wrong}' (--teacher-weights) holds no results of nnU-Net v2: give the folder with plans.json, dataset.json and "
                + "fold_0/checkpoint_final.pth, or that of the fold.");
        }

        return [.. teachers.Select(Checkpoints.Find), .. foreign];
    }
}
