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
    /// <exception cref="InvalidDataException">A result is damaged.</exception>
    public static ReproductionState Read(ExperimentSettings settings, string data, IReadOnlyList<PlannedRun> plan, ReproductionFolder folder)
    {
        IReadOnlyList<PlannedRun> everything = new ReproductionPlan(settings, ReproductionVariants.Names, ReproductionVariants.Modalities).Runs();
        HashSet<string> asked = [.. plan.Select(run => run.Id)];
        PlannedRun[] all = [.. everything.Where(run => asked.Contains(run.Id) || folder.Of(run.Id).HasBegun)];
        PlannedRun[] finished = [.. all.Where(run => folder.Of(run.Id).IsDone)];
        return new ReproductionState(
            settings,
            data,
            all,
            [.. finished.Select(run => folder.Of(run.Id).ReadFinished(run))],
            [
                .. all.Except(finished).Select(run => (Run: run, folder.Of(run.Id).Failure)).Where(run => run.Failure is not null)
                    .Select(run => new FailedRun(run.Run, run.Failure!.Reason)),
            ]);
    }
}
