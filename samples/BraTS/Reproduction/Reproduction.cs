using KnowledgeDistillation.Medical;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Samples.BraTS;

/// <summary>Does a reproduction, or one part of it, beside other processes that do the same or another part.</summary>
internal sealed record Reproduction
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(2);

    /// <summary>All runs.</summary>
    public required IReadOnlyList<PlannedRun> Plan { get; init; }

    /// <summary>Those that this process does.</summary>
    public required IReadOnlyList<PlannedRun> Own { get; init; }

    /// <summary>Those of which it may do the teachers that its own runs wait for, if nobody does.</summary>
    public required IReadOnlyList<PlannedRun> Chosen { get; init; }

    /// <summary>Where everything goes.</summary>
    public required ReproductionFolder Folder { get; init; }

    /// <summary>The time without a sign of life after which another process may take a run over.</summary>
    public required TimeSpan ClaimLimit { get; init; }

    /// <summary>Does the runs, each once, until all of them are done or failed.</summary>
    /// <param name="cases">All cases.</param>
    /// <param name="cached">The same, preprocessed, by name.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="display">Where progress is shown.</param>
    /// <param name="ended">Called after each run that this process did.</param>
    /// <param name="cancellation">Stops between two steps.</param>
    public void Run(IReadOnlyList<BraTSCase> cases, IReadOnlyDictionary<string, CachedCase> cached, Device device, Display display, Action ended, CancellationToken cancellation)
    {
        // A run that failed before this call is tried again; one that fails from now on, here or in another process, is not.
        Dictionary<string, RunFailure?> failures = Plan.ToDictionary(run => run.Id, run => Folder.Of(run.Id).Failure);
        bool waiting = false;
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            PlannedRun[] open = [.. Own.Where(IsOpen)];
            PlannedRun[] ready = [.. open.Where(HasTeacher)];
            // Teachers of another shard: whoever needs one first does it.
            PlannedRun[] teachers = [.. Chosen.Where(run => IsOpen(run) && open.Any(own => own.Teacher == run.Id))];
            if (ready.Length == 0 && teachers.Length == 0)
                return;

            PlannedRun? done = ready.Concat(teachers.Except(ready)).FirstOrDefault(run => TryDo(run, IsOpen, cases, cached, device, display, cancellation));
            if (done is not null)
            {
                waiting = false;
                ended();
                continue;
            }

            if (!waiting)
                display.Say($"Other processes are at work on {Runs(ready.Union(teachers).Count(IsOpen))}: waiting for what comes after them, or to take over what is abandoned.");
            waiting = true;
            cancellation.WaitHandle.WaitOne(LookAgain);
        }

        bool IsOpen(PlannedRun run) => !Folder.Of(run.Id).IsDone && Folder.Of(run.Id).Failure == failures[run.Id];

        bool HasTeacher(PlannedRun run) => run.Teacher is null || Folder.Of(run.Teacher).IsDone;
    }

    /// <summary>"1 run", "2 runs".</summary>
    public static string Runs(int count) => count == 1 ? "1 run" : $"{count} runs";

    private bool TryDo(PlannedRun run, Func<PlannedRun, bool> isOpen, IReadOnlyList<BraTSCase> cases, IReadOnlyDictionary<string, CachedCase> cached, Device device, Display display, CancellationToken cancellation)
    {
        RunResults results = Folder.Of(run.Id);
        using RunClaim? claim = RunClaim.TryTake(results.Path, ClaimLimit);
        if (claim is null)
            return false;
        // It may have ended between the look and the claim.
        if (results.IsDone)
            claim.Finish();
        if (!isOpen(run))
            return false;

        display.Heading($"{run.Id}: {run.Title} ({run.Objective})");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, claim.Lost);
        try
        {
            new ReproductionRun(run, Folder).Do(cases, cached, claim, device, display, stop.Token);
            claim.Finish();
            return true;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception exception)
        {
            // What goes wrong after the loss of a claim goes wrong because of it.
            if (!claim.Renew())
            {
                display.Warn($"{run.Id}: another process has taken over, because this one gave no sign of life for a while.");
                return false;
            }

            string reason = KdnetApplication.OneMessage(exception);
            results.Fail(reason, claim.Number);
            display.Warn($"{run.Id} failed: {reason}");
            return true;
        }
    }
}
