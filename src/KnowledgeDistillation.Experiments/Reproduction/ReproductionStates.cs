using KnowledgeDistillation.Experiments.Settings;

namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>Reads how far a reproduction is.</summary>
internal static class ReproductionStates
{
    /// <summary>Reads all runs of a folder.</summary>
    /// <param name="settings">The settings that all runs share.</param>
    /// <param name="data">Where the cases come from.</param>
    /// <param name="plan">The runs that were asked for; those of former calls that asked for more are added.</param>
    /// <param name="folder">The folder.</param>
    /// <returns>The runs; one whose results are damaged counts as failed.</returns>
    public static ReproductionState Read(ExperimentSettings settings, string data, IReadOnlyList<PlannedRun> plan, ReproductionFolder folder)
    {
        IReadOnlyList<PlannedRun> everything = new ReproductionPlan(settings, ReproductionVariants.Names, ReproductionVariants.Modalities).Runs();
        HashSet<string> asked = [.. plan.Select(run => run.Id)];
        PlannedRun[] all = [.. everything.Where(run => asked.Contains(run.Id) || folder.Of(run.Id).HasBegun)];
        var finished = new List<FinishedRun>();
        var failed = new List<FailedRun>();
        foreach (PlannedRun run in all)
        {
            RunResults results = folder.Of(run.Id);
            try
            {
                if (results.IsDone)
                    finished.Add(results.ReadFinished(run));
                else if (results.Failure is { } failure)
                    failed.Add(new FailedRun(run, failure.Reason));
            }
            catch (InvalidDataException exception)
            {
                // What cannot be read any more must not cost the results of the others.
                failed.Add(new FailedRun(run, exception.Message));
            }
        }

        return new ReproductionState(settings, data, all, finished, failed);
    }
}
