using System.Collections.Immutable;
using KnowledgeDistillation.Experiments.Reproduction;
using KnowledgeDistillation.Experiments.Reproduction.Report;
using KnowledgeDistillation.Experiments.Reproduction.Results;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Medical.Datasets;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Experiments;

/// <summary>
/// The paper's whole evaluation: teacher, baseline, KD-Net and what it is compared with, trained and scored on each fold, with one or several seeds, and a
/// report with tables and statistics.
/// </summary>
/// <remarks>
/// Stop it at any moment and in any way: the same study goes on where it was, and does nothing twice. Several processes, also on several machines,
/// that open the same folder share the work. Not safe for use by several threads at once.
/// </remarks>
public sealed class ReproductionStudy
{
    private readonly ReproductionOptions _options;
    private readonly ReproductionRunner _runner;
    private readonly IReadOnlyList<ReproductionPart> _others;
    private readonly SeedsFolder? _together;
    private readonly MedicalDataset? _dataset;
    private readonly IExperimentDisplay _display;

    private ReproductionStudy(string folder, ReproductionOptions options, IExperimentDisplay display)
    {
        if (options.Data is not null)
            options = options with { Settings = Datasets.Describe(options.Data, options.Settings) };
        (Folder, _options, _display) = (Path.GetFullPath(folder), options, display);
        var plan = new ReproductionPlan(options.Settings, options.Variants, options.Modalities);
        plan.Validate();
        _together = options.Seeds.Count > 0 ? new SeedsFolder(Folder) : null;
        IReadOnlyList<int> seeds = _together is null ? [options.Settings.Seed] : options.Seeds;
        var selection = new PlanSelection(options.Only, options.Shard, options.Shards);
        Plan = [.. seeds.SelectMany(seed => PlanOf(seed).Runs())];
        IReadOnlyList<PlannedRun> chosen = selection.Chosen(Plan);
        Chosen = chosen;
        Own = selection.OwnOf(Plan);

        var data = new ReproductionData(options.Settings, options.Data, options.SkipFaulty);
        _together?.Check();
        _dataset = data.Open(display);
        data.RefuseUnfitFolds(_dataset);
        if (_dataset is not null)
        {
            // What labels mean is known for certain only now; the runs are the same.
            _options = options with { Settings = options.Settings with { Data = _dataset.Description } };
            (plan, data) = (plan.With(_dataset.Description), data with { Settings = data.Settings with { Data = _dataset.Description } });
            Plan = [.. seeds.SelectMany(seed => plan.With(seed).Runs())];
            chosen = selection.Chosen(Plan);
            Own = selection.OwnOf(Plan);
        }

        _runner = new ReproductionRunner { Parts = [.. seeds.Select(Part)], ClaimLimit = options.TakeOver };
        RefuseMissingTeachers();
        // Seeds that other calls have done belong to the same report.
        _others = _together is null ? [] : [.. _together.Begun().Except(seeds).Select(Part)];
        foreach (ReproductionPart part in _runner.Parts.Concat(_others))
            part.Check();

        ReproductionFolder FolderOf(int seed) => _together?.Of(seed) ?? new ReproductionFolder(Folder);

        ReproductionPlan PlanOf(int seed) => plan with { Settings = FolderOf(seed).AsBegun(plan.With(seed).Settings) };

        ReproductionPart Part(int seed) => new()
        {
            Prefix = _together is null ? "" : $"{SeedsFolder.NameOf(seed)}/",
            Data = data with { Settings = PlanOf(seed).Settings },
            Dataset = _dataset,
            Folder = FolderOf(seed),
            Plan = PlanOf(seed).Runs(),
            Own = [.. Own.Where(run => run.Settings.Seed == seed)],
            Chosen = [.. chosen.Where(run => run.Settings.Seed == seed)],
            Rows = chosen.Select(run => run.Row).ToHashSet(),
        };
    }

    /// <summary>
    /// The folder of everything: a folder for each run, the prepared images, the tables and the report; with several seeds, one for each seed.
    /// </summary>
    public string Folder { get; }

    /// <summary>All runs, with all seeds, teachers before their students.</summary>
    public IReadOnlyList<PlannedRun> Plan { get; }

    /// <summary>Those that were chosen (<see cref="ReproductionOptions.Only"/>), in whatever shard.</summary>
    public IReadOnlyList<PlannedRun> Chosen { get; }

    /// <summary>
    /// What every run has in common, as sentences: cases and split, images, network, optimizer, weights and precision; to be read before weeks are spent.
    /// </summary>
    public IReadOnlyList<string> Protocol => ReproductionProtocol.Of(_options.Settings, _dataset);

    /// <summary>Those that this process does.</summary>
    public IReadOnlyList<PlannedRun> Own { get; }

    /// <summary>Plans a study, and refuses what cannot work before anything is written.</summary>
    /// <param name="folder">The folder of everything; it may hold the same study, of which what is done is not done again.</param>
    /// <param name="options">What is done; null for the defaults, on phantoms, which take hours on two cores.</param>
    /// <param name="display">Where progress is shown; null for nowhere.</param>
    /// <exception cref="ExperimentException">
    /// An option is out of range, no run has a chosen name, a chosen student's teacher is neither chosen nor done, there are too few cases for the folds, or
    /// the folder holds something else or the same with other settings.
    /// </exception>
    /// <exception cref="MedicalDatasetException">There are no cases, or one cannot be used.</exception>
    public static ReproductionStudy Open(string folder, ReproductionOptions? options = null, IExperimentDisplay? display = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        options ??= new ReproductionOptions();
        options.Validate();
        return new ReproductionStudy(folder, options, display ?? new SilentDisplay());
    }

    /// <summary>Whether a run of the plan is done, here or by another process.</summary>
    public bool IsDone(PlannedRun run) => _runner.ResultsOf(run).IsDone;

    /// <summary>Why the last attempt at a run of the plan failed, in one sentence; null where none did.</summary>
    public string? FailureOf(PlannedRun run) => _runner.ResultsOf(run).Failure?.Reason;

    /// <summary>
    /// The name of a run: its folder below the study's, for example "fold-1/kd-net-4-skips", with several seeds "seed-1/fold-1/kd-net-4-skips".
    /// </summary>
    public string NameOf(PlannedRun run) => _runner.NameOf(run);

    /// <summary>
    /// Estimates the time of each of <see cref="Own"/> that is not done, in a process that does them one after the other: from finished runs of the kind, or
    /// from a few training steps.
    /// </summary>
    /// <param name="device">Where to compute; null for the CPU.</param>
    /// <param name="cancellation">Stops between two steps.</param>
    /// <returns>The times by <see cref="NameOf"/>.</returns>
    public IReadOnlyDictionary<string, TimeEstimate> Estimate(Device? device = null, CancellationToken cancellation = default) =>
        new PlanEstimate(_dataset?.Cases.Count ?? _options.Settings.PhantomCases, _runner.ResultsOf).Of(Own, device ?? CPU, cancellation)
            .ToDictionary(run => NameOf(run.Key), run => run.Value);

    /// <summary>
    /// Takes the folder, so that whatever else is put there belongs to this study; <see cref="Run"/> and <see cref="Publish"/> do so by themselves.
    /// </summary>
    public void Begin()
    {
        foreach (ReproductionPart part in _runner.Parts)
            part.Open();
    }

    /// <summary>
    /// Does the runs, each once, until all of <see cref="Own"/> are done or failed, and writes tables and report of all that is done by then. A run that
    /// fails does not end the others. The tables are up to date after each run.
    /// </summary>
    /// <param name="device">Where to compute; null for the CPU.</param>
    /// <param name="cancellation">Stops between two steps; the same study goes on where it was.</param>
    public ReproductionOutcome Run(Device? device = null, CancellationToken cancellation = default)
    {
        device ??= CPU;
        Begin();
        _runner.Run(part => part.PublishTables(), device, _display, cancellation);
        return Publish(device, cancellation);
    }

    /// <summary>Writes tables and report of what is done, and does no runs: where other processes do them.</summary>
    /// <param name="device">Where to compute the pictures of segmentations; null for the CPU.</param>
    /// <param name="cancellation">Stops between two pictures.</param>
    public ReproductionOutcome Publish(Device? device = null, CancellationToken cancellation = default)
    {
        device ??= CPU;
        Begin();
        ReproductionState[] states =
            [.. _runner.Parts.Select(part => part.PublishReport(device, _options.TakeOver, _display, cancellation))];
        if (_together is not null)
        {
            var results = ReproductionResults.Of([.. states, .. _others.Select(part => part.Read())], sharesCases: _dataset is not null);
            ResultsCsv.Write(_together.Results, results);
            ReproductionReport.Write(results, Folder);
        }

        return new ReproductionOutcome(
            states.Sum(state => state.Plan.Count),
            states.Sum(state => state.Finished.Count),
            Own.Select(run => (Run: run, Reason: ReasonOf(run))).Where(run => run.Reason is not null)
                .ToImmutableSortedDictionary(run => NameOf(run.Run), run => run.Reason!, StringComparer.Ordinal),
            Path.Combine(Folder, ReproductionFolder.HtmlName));

        string? ReasonOf(PlannedRun run) =>
            states.SelectMany(state => state.Failed).FirstOrDefault(failed => failed.Run.IdWithSeed == run.IdWithSeed)?.Reason
                ?? (IsDone(run) ? null : IsTeacherMissing(run) ? $"its teacher {run.Teacher} is missing" : "it has not been done yet");

        bool IsTeacherMissing(PlannedRun run) =>
            Plan.FirstOrDefault(teacher => teacher.Id == run.Teacher && teacher.Settings.Seed == run.Settings.Seed) is { } teacher && !IsDone(teacher);
    }

    private void RefuseMissingTeachers()
    {
        foreach (ReproductionPart part in _runner.Parts)
        {
            HashSet<string> names = [.. part.Chosen.Select(run => run.Id)];
            if (part.Chosen.FirstOrDefault(run => run.Teacher is { } teacher && !names.Contains(teacher) && !part.Folder.Of(teacher).IsDone) is { } orphan)
            {
                throw new ExperimentException(
                    $"The run {part.Prefix}{orphan.Id} needs its teacher {part.Prefix}{orphan.Teacher}, which is not done: choose it too, or do it first.");
            }
        }
    }
}
