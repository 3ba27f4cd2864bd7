using KnowledgeDistillation.Experiments.Runs;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>Does a reproduction with one or several seeds, or one share of it, beside other processes that do the same or another share.</summary>
internal sealed record ReproductionRunner
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(2);

    /// <summary>One for each seed.</summary>
    public required IReadOnlyList<ReproductionPart> Parts { get; init; }

    /// <summary>The time without a sign of life after which another process may take a run over.</summary>
    public required TimeSpan ClaimLimit { get; init; }

    /// <summary>All runs.</summary>
    public IEnumerable<PlannedRun> Plan => Parts.SelectMany(part => part.Plan);

    /// <summary>Those that this process does.</summary>
    public IEnumerable<PlannedRun> Own => Parts.SelectMany(part => part.Own);

    /// <summary>The results of a run.</summary>
    public RunResults ResultsOf(PlannedRun run) => PartOf(run).ResultsOf(run);

    /// <summary>The name of a run below the folder of the whole.</summary>
    public string NameOf(PlannedRun run) => PartOf(run).Prefix + run.Id;

    /// <summary>Does the runs, each once, until all of them are done or failed.</summary>
    /// <param name="finished">Told after each run of which part it was.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="display">Where progress is shown.</param>
    /// <param name="cancellation">Stops between two steps.</param>
    public void Run(Action<ReproductionPart> finished, Device device, IExperimentDisplay display, CancellationToken cancellation)
    {
        // A run that failed before this call is tried again; one that fails from now on, here or in another process, is not.
        Dictionary<string, RunFailure?> failures = Plan.ToDictionary(run => run.IdWithSeed, run => ResultsOf(run).Failure);
        bool waiting = false;
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            PlannedRun[] open = [.. Own.Where(IsOpen)];
            PlannedRun[] ready = [.. open.Where(HasTeacher)];
            // Teachers of another shard: whoever needs one first does it.
            HashSet<string> needed = [.. open.Where(run => run.Teacher is not null).Select(run => TeacherOf(run))];
            PlannedRun[] teachers = [.. Parts.SelectMany(part => part.Chosen).Where(run => needed.Contains(run.IdWithSeed) && IsOpen(run))];
            if (ready.Length == 0 && teachers.Length == 0)
                return;

            PlannedRun? done = ready.Concat(teachers.Except(ready)).FirstOrDefault(run => TryDo(run, IsOpen, device, display, cancellation));
            if (done is not null)
            {
                waiting = false;
                finished(PartOf(done));
                continue;
            }

            if (!waiting)
            {
                display.Say($"Other processes are at work on {Runs(ready.Union(teachers).Count(IsOpen))}: waiting for what comes after them, "
                    + "or to take over what is abandoned.");
            }

            waiting = true;
            cancellation.WaitHandle.WaitOne(LookAgain);
        }

        bool IsOpen(PlannedRun run) => !ResultsOf(run).IsDone && ResultsOf(run).Failure == failures[run.IdWithSeed];

        bool HasTeacher(PlannedRun run) => run.Teacher is null || PartOf(run).Folder.Of(run.Teacher).IsDone;

        static string TeacherOf(PlannedRun run) => run.IdWithSeed[..^run.Id.Length] + run.Teacher;
    }

    private static string Runs(int count) => count == 1 ? "1 run" : $"{count} runs";

    private ReproductionPart PartOf(PlannedRun run) => Parts.First(part => part.Settings.Seed == run.Settings.Seed);

    private bool TryDo(PlannedRun run, Func<PlannedRun, bool> isOpen, Device device, IExperimentDisplay display, CancellationToken cancellation)
    {
        ReproductionPart part = PartOf(run);
        PreparedData prepared = part.Prepare(run.Settings.Fold, ClaimLimit, display, cancellation);
        RunResults results = part.ResultsOf(run);
        using RunClaim? claim = RunClaim.TryTake(results.Path, ClaimLimit);
        if (claim is null)
            return false;
        // It may have ended between the look and the claim.
        if (results.IsDone)
            claim.Finish();
        if (!isOpen(run))
            return false;

        display.Heading($"{NameOf(run)}: {run.LabelWithWeights} ({run.Objective})");
        return ClaimedWork.Do(
            NameOf(run),
            claim,
            stop => new ReproductionRun(run with { Settings = run.Settings with { TrainingStatistics = prepared.Statistics } }, part.Folder)
                .Do(prepared, claim, device, display, stop),
            reason => results.Fail(reason, claim.Number),
            display,
            cancellation);
    }
}
