using System.CommandLine;
using System.Globalization;
using KnowledgeDistillation.Experiments;
using KnowledgeDistillation.Experiments.Reproduction;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Samples.BraTS.Cluster;
using KnowledgeDistillation.Samples.BraTS.CommandLine;
using KnowledgeDistillation.Samples.BraTS.Output;
using KnowledgeDistillation.Samples.BraTS.Reproduction;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Samples.BraTS.Commands;

/// <summary>`kdnet reproduce`: the paper's whole evaluation.</summary>
internal sealed class ReproduceCommand : ExplainedCommand
{
    private const string ArrayShard = "array";

    private readonly CommandServices _services;
    private readonly Option<string?> _data = CommonOptions.Data("A data set; phantoms where none is given.");
    private readonly Option<string> _out = CommonOptions.Out(
        "Where everything goes: a folder of its own for each run, and the tables and report of all. Several processes and machines may share it.");
    private readonly Option<string?> _preset =
        new("--preset") { Description = "Where the settings start. [default: paper with --data, quick without]", HelpName = "paper|quick" };
    private readonly Option<string[]> _only = new("--only")
    {
        Description = "Do only runs of these names, with * for any text and ? for any character; rows of which none is chosen are left out of the report.",
        HelpName = "pattern",
        AllowMultipleArgumentsPerToken = true,
    };
    private readonly Option<string> _shard = new("--shard")
    {
        Description = "Do the first, second, ... part of the runs, for example 1/2 and 2/2; array for the part that a task of a job array is.",
        HelpName = "i/n|array",
        DefaultValueFactory = _ => "1/1",
    };
    private readonly Option<bool> _publish = new("--publish") { Description = "Write tables and report of what is done, and do no runs." };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Show the plan with the estimated time, and do nothing." };
    private readonly Option<string[]> _variants = new("--variants")
    {
        Description = $"Train these too; all where none is named: {string.Join(", ", ReproductionVariants.Names)}.",
        HelpName = "name",
        AllowMultipleArgumentsPerToken = true,
        Arity = ArgumentArity.ZeroOrMore,
    };
    private readonly Option<string[]> _modalities = new("--modalities")
    {
        Description = "Train baseline and student with these modalities in place of T1ce too; "
            + $"all where none is named: {string.Join(", ", ReproductionVariants.Modalities)}.",
        HelpName = "name",
        AllowMultipleArgumentsPerToken = true,
        Arity = ArgumentArity.ZeroOrMore,
    };
    private readonly Option<bool> _skipFaulty = CommonOptions.SkipFaulty();
    private readonly Option<double> _takeOver = NumberOptions.Positive(
        "--take-over", "Minutes without a sign of life after which a run is taken over from another machine.", "minutes", standard: 5);
    private readonly Option<string?> _seed;
    private readonly Option<int[]> _seeds = NumberOptions.Wholes(
        "--seeds", "Do all of it with each of these seeds, in a folder of its own each, and report on all of them together.");
    private readonly SettingsOptions _settings;
    private readonly TorchOptions _torch;
    private readonly ClusterOptions _cluster;

    public ReproduceCommand(CommandServices services)
        : base("reproduce", "Does the paper's whole evaluation: all systems, all folds.",
            """
            Trains and scores, on each fold, teacher, baseline and the students GT + KL, GT + KD and GT + KL + KD with all and with no skip connections (Table 2), and U-HVED and U-HeMIS on T1ce alone (Table 1). Where T or α are not the paper's, students are trained with both: "tuned" with the settings, "literal" with the paper's T = 5 and α = 10.

            Afterwards report.html (and report.md) shows all of it beside the paper's figures, and results holds the tables.

            Stop it at any moment and in any way: the same command goes on where it was, and does nothing twice. Given in several processes, or on several machines that share --out, they share the work.

            Several seeds show how far chance moves the figures: --seeds 1 2 3 4 5 does all of it five times, in seed-1 to seed-5 below --out, and adds a report on all five together.

            --preset paper: 500 epochs at 64³, width 30, batch 1. --preset quick: 24 phantoms of 24³ voxels, width 8, 4 levels; on --data, images of 32³.

            Examples:
              kdnet reproduce --dry-run
              kdnet reproduce --preset quick --out quick --threads 1
              kdnet reproduce --data BraTS2018 --out paper --device cuda
              kdnet reproduce --data BraTS2018 --out paper --shard 1/4
              kdnet reproduce --data BraTS2018 --out paper --device cuda --slurm
              kdnet reproduce --out quick --only 'fold-1/*' --variants hinton attention
              kdnet reproduce --out seeds --seeds 1 2 3 4 5 --only 'teacher*' 'baseline*' 'gt-*' 'kd-net*'
            """)
    {
        _services = services;
        _out.DefaultValueFactory = _ => "reproduction";
        _preset.MustBeOneOf(ReproductionPresets.PaperName, ReproductionPresets.QuickName);
        _variants.MustBeOneOf(ReproductionVariants.Names);
        _modalities.MustBeOneOf(ReproductionVariants.Modalities);
        _shard.Validators.Add(result =>
        {
            string? text = result.GetValueOrDefault<string>();
            if (text != ArrayShard && ParseShard(text) is null)
                result.AddError($"--shard must be i/n with i from 1 to n, for example 1/2, or {ArrayShard}, but is {text}.");
        });
        Add(_data);
        Add(_out);
        Add(_preset);
        Add(_only);
        Add(_shard);
        Add(_dryRun);
        Add(_publish);
        Add(_variants);
        Add(_modalities);
        Add(_skipFaulty);
        Add(_takeOver);
        _settings = new SettingsOptions(
            this, (ReproductionPresets.PaperName, ReproductionPresets.Paper), (ReproductionPresets.QuickName, ReproductionPresets.Quick));
        _seed = _settings.Add(nameof(ExperimentSettings.Seed));
        Add(_seeds);
        Validators.Add(result =>
        {
            if (result.GetResult(_seeds) is { Implicit: false } several
                && several.Tokens.GroupBy(token => token.Value).FirstOrDefault(seed => seed.Count() > 1) is { } twice)
            {
                result.AddError($"--seeds names {twice.Key} twice.");
            }

            if (result.GetResult(_seeds) is { Implicit: false } && result.GetResult(_seed) is { Implicit: false })
                result.AddError("--seed and --seeds exclude each other: name all seeds in --seeds.");
        });
        _settings.AddGroup("phantoms");
        _settings.AddGroup("images");
        _settings.AddGroup("data");
        _settings.AddGroup("modalities");
        Option<string?> folds = _settings.Add(nameof(ExperimentSettings.Folds), "Number of parts of the data set, each of which is the test set once.");
        folds.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => token.Value == "1"))
                result.AddError("--folds must be at least 2, but is 1.");
        });
        _settings.Add(nameof(ExperimentSettings.ValidationShare));
        _settings.Add(nameof(ExperimentSettings.ValidationPart));
        _settings.AddGroup("network", except: [nameof(ExperimentSettings.Network), nameof(ExperimentSettings.SkipConnections)]);
        _settings.AddGroup("training");
        _settings.AddGroup("distillation");
        _torch = new TorchOptions(this);
        _cluster = new ClusterOptions(this, excluded: [_shard, _dryRun, _publish]);
        Validators.Add(result =>
        {
            if (result.GetValue(_publish) && result.GetValue(_dryRun))
                result.AddError("--publish and --dry-run exclude each other.");
        });
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        Display display = _services.Display;
        if (_cluster.IsGiven(parsed))
            return WriteForCluster(parsed);
        Device device = _torch.Start(parsed, _services);
        ReproductionStudy study = Open(parsed);
        try
        {
            if (parsed.GetValue(_publish))
                return Conclude(study, study.Publish(device, _services.Cancellation), canTryAgain: false);
            foreach (string part in study.Protocol)
                display.Say(part);
            // A single run, a task of an array for example, tells by itself how far it is.
            if (parsed.GetValue(_dryRun) || study.Own.Count(run => !study.IsDone(run)) != 1)
                ShowPlan(study, device);
            return parsed.GetValue(_dryRun) ? ExitCode.Done : Conclude(study, study.Run(device, _services.Cancellation), canTryAgain: true);
        }
        catch (OperationCanceledException)
        {
            display.Warn($"To go on, give the same command again: {_services.CommandLine()}");
            throw;
        }
    }

    private void ShowPlan(ReproductionStudy study, Device device)
    {
        Display display = _services.Display;
        IReadOnlyDictionary<string, TimeEstimate> times = Estimate(study, device);
        display.Show(PlanTable.Render(study, times));
        display.Say($"{Runs(study.Plan.Count)} in all, {study.Plan.Count(study.IsDone)} done. {Runs(times.Count)} to do here: "
            + $"about {Together(times.Values.Select(time => time.Likely))} for one process, at most {Together(times.Values.Select(time => time.Most))}, "
            + "estimated from finished runs of the kind, or from the fastest and the slowest of a few training steps.");
    }

    private IReadOnlyDictionary<string, TimeEstimate> Estimate(ReproductionStudy study, Device device)
    {
        _services.Display.Say("Trying a few training steps of each kind of run, to tell how long they take …");
        return study.Estimate(device, _services.Cancellation);
    }

    private int WriteForCluster(ParseResult parsed)
    {
        Device? device = null;
        try
        {
            device = _torch.Start(parsed, _services);
        }
        catch (TorchBackendException)
        {
            _services.Display.Say("The device of the runs is not on this machine, which therefore cannot tell how long they take: "
                + "the scripts set no limit of time.");
        }

        ReproductionStudy study = Open(parsed);
        IReadOnlyDictionary<string, TimeEstimate>? times = device is null ? null : Estimate(study, device);
        return _cluster.Write(parsed, study, times, parsed.GetValue(_data), _only, _torch.Threads, _services);
    }

    private ReproductionStudy Open(ParseResult parsed)
    {
        Outputs.RequireFolder(parsed.GetValue(_out)!, _out.Name);
        (int shard, int shards) = ReadShard(parsed);
        var options = new ReproductionOptions
        {
            Settings = ReadSettings(parsed),
            Data = parsed.GetValue(_data),
            SkipFaulty = parsed.GetValue(_skipFaulty),
            Seeds = parsed.GetValue(_seeds) ?? [],
            Variants = Named(parsed, _variants, ReproductionVariants.Names),
            Modalities = Named(parsed, _modalities, ReproductionVariants.Modalities),
            Only = parsed.GetValue(_only) ?? [],
            Shard = shard,
            Shards = shards,
            TakeOver = TimeSpan.FromMinutes(parsed.GetValue(_takeOver)),
        };
        try
        {
            return ReproductionStudy.Open(parsed.GetValue(_out)!, options, _services.Display);
        }
        catch (ExperimentException exception) when (exception.Settings.Contains(nameof(ExperimentSettings.Folds)))
        {
            throw new UsageException($"{exception.Message} That is: 'kdnet train --folds 1', 'kdnet evaluate --cases all' and 'kdnet predict'.", exception);
        }
    }

    private ExperimentSettings ReadSettings(ParseResult parsed)
    {
        bool phantoms = parsed.GetValue(_data) is null;
        string preset = parsed.GetValue(_preset) ?? (phantoms ? ReproductionPresets.QuickName : ReproductionPresets.PaperName);
        ExperimentSettings settings = _settings.Read(parsed, ReproductionPresets.Of(preset, phantoms));
        // Phantoms are not larger than the part of them that is used.
        return phantoms && !_settings.IsGiven(parsed, nameof(ExperimentSettings.CropEdge)) ? settings with { CropEdge = settings.PhantomEdge } : settings;
    }

    private int Conclude(ReproductionStudy study, ReproductionOutcome outcome, bool canTryAgain)
    {
        Display display = _services.Display;
        display.Say($"{outcome.Finished} of {Runs(outcome.Planned)} are done. Everything is in {study.Folder}");
        foreach ((string run, string reason) in outcome.NotDone)
            display.Warn($"Not done: {run}: {reason}");
        if (outcome.NotDone.Count == 0)
            return ExitCode.Done;
        if (canTryAgain)
            display.Warn("The same command tries these again.");
        return ExitCode.Failed;
    }

    private static string Together(IEnumerable<TimeSpan> times) => TrainingText.Time(TimeSpan.FromSeconds(times.Sum(time => time.TotalSeconds)));

    private static string Runs(int count) => count == 1 ? "1 run" : $"{count} runs";

    // Nothing after the option means all.
    private static IReadOnlyList<string> Named(ParseResult parsed, Option<string[]> option, IReadOnlyList<string> all) =>
        parsed.GetResult(option) is not { Implicit: false } ? []
            : parsed.GetValue(option) is { Length: > 0 } named ? [.. all.Where(named.Contains)]
            : all;

    private (int Shard, int Shards) ReadShard(ParseResult parsed)
    {
        if (parsed.GetValue(_shard) != ArrayShard)
            return ParseShard(parsed.GetValue(_shard)).GetValueOrDefault();
        var task = ArrayTask.Read(Environment.GetEnvironmentVariable);
        _services.Display.Say(string.Create(
            CultureInfo.InvariantCulture, $"Task {task.Number} of {task.Count} of an array of {task.Scheduler}: --shard {task.Number}/{task.Count}."));
        return (task.Number, task.Count);
    }

    private static (int Shard, int Shards)? ParseShard(string? text) =>
        text?.Split('/') is [string first, string second]
        && int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out int shard)
        && int.TryParse(second, NumberStyles.None, CultureInfo.InvariantCulture, out int shards)
        && shard >= 1 && shard <= shards
            ? (shard, shards)
            : null;
}
