using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Statistics;
using KnowledgeDistillation.Medical.BraTS;

namespace KnowledgeDistillation.Experiments.Reproduction.Results;

/// <summary>What the finished runs of a reproduction say: each fold, each row of the tables, and each student against its baseline.</summary>
/// <remarks>
/// The order of all lists is that of the plan's rows, then folds, grids, regions (ET, TC, WT) and metrics, whatever the order in which runs ended.
/// </remarks>
internal sealed class ReproductionResults
{
    private static readonly string[] Regions = [.. BraTSRegions.All.Select(region => region.Name)];

    private readonly Dictionary<(string Row, ScoringGrid Grid, string Region, RegionMetric Metric), SummaryRow> _summary;
    private readonly Dictionary<(string Row, ScoringGrid Grid, string Region), Comparison> _comparisons;

    private ReproductionResults(ReproductionState state)
    {
        string[] rows = [.. state.Plan.Select(run => run.Row).Distinct()];
        Runs = [.. state.Finished.OrderBy(run => Array.IndexOf(rows, run.Run.Row)).ThenBy(run => run.Run.Settings.Fold).Select(Ordered)];
        Plan = state.Plan;
        Folds = [.. Runs.SelectMany(SummariesOf)];
        Summary = [.. Runs.GroupBy(run => run.Run.Row).SelectMany(SummariesOf)];
        Comparisons = BaselineComparisons.Of(state with { Finished = Runs });
        _summary = Summary.ToDictionary(summary => (summary.Row, summary.Grid, summary.Region, summary.Metric));
        _comparisons = Comparisons.ToDictionary(comparison => (comparison.Row, comparison.Grid, comparison.Region));
    }

    /// <summary>All runs that were planned.</summary>
    public IReadOnlyList<PlannedRun> Plan { get; }

    /// <summary>The runs that are done, their scores in the order of grids, cases and regions.</summary>
    public IReadOnlyList<FinishedRun> Runs { get; }

    /// <summary>Each metric over the cases of each run.</summary>
    public IReadOnlyList<FoldSummary> Folds { get; }

    /// <summary>Each metric over the folds and over the cases of each row of which a run is done.</summary>
    public IReadOnlyList<SummaryRow> Summary { get; }

    /// <summary>Each student that has cases in common with its baseline.</summary>
    public IReadOnlyList<Comparison> Comparisons { get; }

    public static ReproductionResults Of(ReproductionState state) => new(state);

    /// <summary>A metric of a row; null where no run of it is done or it was not scored on this grid.</summary>
    public SummaryRow? Find(string row, ScoringGrid grid, string region, RegionMetric metric) => _summary.GetValueOrDefault((row, grid, region, metric));

    /// <summary>A student's row against its baseline; null where it is no student's, or has no case in common with the baseline.</summary>
    public Comparison? FindComparison(string row, ScoringGrid grid, string region) => _comparisons.GetValueOrDefault((row, grid, region));

    /// <summary>The place of a region in tables.</summary>
    internal static int RegionOrder(string region) => Array.IndexOf(Regions, region);

    // Sums depend on the order of their terms, if only in the last digit.
    private static FinishedRun Ordered(FinishedRun run) =>
        run with
        {
            Scores =
            [
                .. run.Scores.OrderBy(score => score.Grid).ThenBy(score => score.CaseId, StringComparer.Ordinal)
                    .ThenBy(score => RegionOrder(score.Region.Region)),
            ],
        };

    private static IEnumerable<FoldSummary> SummariesOf(FinishedRun run) =>
        from scores in Parts(run.Scores)
        from metric in Enum.GetValues<RegionMetric>()
        select new FoldSummary(run.Run, scores.Key.Grid, scores.Key.Region, metric, CaseSummary.Of(scores.Select(score => metric.Of(score.Region))));

    private IEnumerable<SummaryRow> SummariesOf(IGrouping<string, FinishedRun> row) =>
        from scores in Parts(row.SelectMany(run => run.Scores))
        from metric in Enum.GetValues<RegionMetric>()
        let means = Folds
            .Where(fold => fold.Run.Row == row.Key && fold.Grid == scores.Key.Grid && fold.Region == scores.Key.Region && fold.Metric == metric)
            .Select(fold => fold.OverCases.Mean)
        select new SummaryRow(
            row.Key,
            scores.Key.Grid,
            scores.Key.Region,
            metric,
            MeanAndDeviation.Of(means),
            CaseSummary.Of(scores.Select(score => metric.Of(score.Region))),
            Plan.Count(run => run.Row == row.Key));

    private static IEnumerable<IGrouping<(ScoringGrid Grid, string Region), CaseScore>> Parts(IEnumerable<CaseScore> scores) => scores
        .GroupBy(score => (score.Grid, score.Region.Region))
        .OrderBy(group => group.Key.Grid)
        .ThenBy(group => RegionOrder(group.Key.Region));
}
