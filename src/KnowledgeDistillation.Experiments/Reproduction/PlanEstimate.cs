using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>Estimates how long runs take: as long as finished ones of their kind, or by the time of a few training steps.</summary>
/// <param name="Cases">The number of cases.</param>
/// <param name="ResultsOf">Where the results of a run are.</param>
internal sealed record PlanEstimate(int Cases, Func<PlannedRun, RunResults> ResultsOf)
{
    // A step without gradient takes about a third of one with.
    private const double Forward = 1.0 / 3;

    /// <summary>Estimates the time of each run that is not done, in a process that does them one after the other.</summary>
    public IReadOnlyDictionary<PlannedRun, TimeSpan> Of(IReadOnlyList<PlannedRun> plan, Device device, CancellationToken cancellation)
    {
        Dictionary<PlannedRun, TimeSpan> times = new(ReferenceEqualityComparer.Instance);
        foreach (IGrouping<string, PlannedRun> kind in plan.GroupBy(Kind))
        {
            PlannedRun[] finished = [.. kind.Where(run => ResultsOf(run).IsDone)];
            PlannedRun[] open = [.. kind.Except(finished)];
            if (open.Length == 0)
                continue;
            TimeSpan one = finished.Length > 0
                ? TimeSpan.FromSeconds(finished.Average(run => ResultsOf(run).ReadFacts().Seconds))
                : Steps(open[0]) * StepTiming.Measure(open[0], device, cancellation);
            foreach (PlannedRun run in open)
                times.Add(run, one);
        }

        return times;
    }

    // What costs about the same: the terms of a student's objective and its skip connections make little difference.
    private static string Kind(PlannedRun run) => (run.System.Table == PaperTable.Table2 ? run.System.NeedsTeacher ? "student" : "reference" : run.System.Name)
        + run.Settings.Network;

    private double Steps(PlannedRun run)
    {
        ExperimentSettings settings = run.Settings;
        double test = (double)Cases / settings.Folds;
        double validation = (Cases - test) * settings.ValidationShare;
        double training = Cases - test - validation;
        double epoch = Math.Ceiling(training / settings.BatchSize) + (Forward * validation / settings.BatchSize);
        return (run.System.Stages.Count * settings.Training.Epochs * epoch) + (Forward * test / settings.BatchSize);
    }
}
