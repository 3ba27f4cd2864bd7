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
    public IReadOnlyDictionary<PlannedRun, TimeEstimate> Of(IReadOnlyList<PlannedRun> plan, Device device, CancellationToken cancellation)
    {
        Dictionary<PlannedRun, TimeEstimate> times = new(ReferenceEqualityComparer.Instance);
        foreach (IGrouping<string, PlannedRun> kind in plan.GroupBy(Kind))
        {
            PlannedRun[] open = [.. kind.Where(run => !ResultsOf(run).IsDone)];
            if (open.Length == 0)
                continue;
            double[] finished = [.. kind.Except(open).Select(run => ResultsOf(run).Seconds).OfType<double>()];
            TimeEstimate one = finished.Length > 0
                ? new(TimeSpan.FromSeconds(finished.Average()), TimeSpan.FromSeconds(finished.Max()))
                : Timed(open[0], device, cancellation);
            foreach (PlannedRun run in open)
                times.Add(run, one);
        }

        return times;
    }

    // What costs about the same: the terms of a student's objective and its skip connections make little difference.
    private static string Kind(PlannedRun run) => (run.System.Table == PaperTable.Table2 ? run.System.NeedsTeacher ? "student" : "reference" : run.System.Name)
        + run.Settings.Network;

    private TimeEstimate Timed(PlannedRun run, Device device, CancellationToken cancellation)
    {
        (TimeSpan least, TimeSpan most) = StepTiming.Measure(run, device, cancellation);
        return new TimeEstimate(Steps(run) * least, Steps(run) * most);
    }

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
