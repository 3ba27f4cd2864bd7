using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Statistics;

namespace KnowledgeDistillation.Experiments.Reproduction.Results;

/// <summary>What the finished runs of a reproduction say, with one or several seeds: each fold, each row of the tables, and each student against its
/// baseline.</summary>
/// <remarks>
/// The order of all lists is that of the plan's rows, then seeds and folds, or grids, regions (ET, TC, WT), metrics and seeds,
/// whatever the order in which runs ended or seeds were named.
/// </remarks>
internal sealed class ReproductionResults
{
    private readonly Dictionary<(string Row, ScoringGrid Grid, string Region, RegionMetric Metric), SummaryRow> _summary;
    private readonly Dictionary<(string Row, ScoringGrid Grid, string Region), Comparison> _comparisons;

    private ReproductionResults(IReadOnlyList<ReproductionState> states, bool sharesCases)
    {
        SharesCases = sharesCases;
        Regions = states[0].Settings.Data.Regions;
        States = [.. states.OrderBy(state => state.Settings.Seed).Select(Ordered)];
        Plan = [.. States.SelectMany(state => state.Plan).GroupBy(run => run.Row).SelectMany(row => row)];
        ILookup<string, FinishedRun> finished = States.SelectMany(state => state.Finished).ToLookup(run => run.Run.Row);
        Runs = [.. Plan.Select(run => run.Row).Distinct().SelectMany(row => finished[row])];
        Folds = [.. Runs.SelectMany(SummariesOf)];
        Summary = [.. Folds.GroupBy(fold => fold.Run.Row).SelectMany(row => row.GroupBy(fold => (fold.Grid, fold.Region, fold.Metric)).Select(SummaryOf))];
        Comparisons = BaselineComparisons.Of(States, sharesCases);
        _summary = Summary.ToDictionary(summary => (summary.Row, summary.Grid, summary.Region, summary.Metric));
        _comparisons = Comparisons.ToDictionary(comparison => (comparison.Row, comparison.Grid, comparison.Region));
    }

    /// <summary>The regions that are scored, in the order of tables.</summary>
    public IReadOnlyList<Region> Regions { get; }

    /// <summary>Each seed, in their order.</summary>
    public IReadOnlyList<ReproductionState> States { get; }

    /// <summary>Whether all seeds have the same cases, which then are not independent of one another.</summary>
    public bool SharesCases { get; }

    /// <summary>All runs that were planned, row by row.</summary>
    public IReadOnlyList<PlannedRun> Plan { get; }

    /// <summary>The runs that are done, row by row, their scores in the order of grids, cases and regions.</summary>
    public IReadOnlyList<FinishedRun> Runs { get; }

    /// <summary>Each metric over the cases of each run.</summary>
    public IReadOnlyList<FoldSummary> Folds { get; }

    /// <summary>Each metric of each row of which a run is done.</summary>
    public IReadOnlyList<SummaryRow> Summary { get; }

    /// <summary>Each student that has cases in common with its baseline.</summary>
    public IReadOnlyList<Comparison> Comparisons { get; }

    /// <summary>What one or several seeds say.</summary>
    /// <param name="states">One for each seed, at least one.</param>
    /// <param name="sharesCases">Whether all seeds have the same cases (patients), or each has its own (phantoms).</param>
    public static ReproductionResults Of(IReadOnlyList<ReproductionState> states, bool sharesCases) => new(states, sharesCases);

    /// <summary>A metric of a row; null where no run of it is done or it was not scored on this grid.</summary>
    public SummaryRow? Find(string row, ScoringGrid grid, string region, RegionMetric metric) => _summary.GetValueOrDefault((row, grid, region, metric));

    /// <summary>A student's row against its baseline; null where it is no student's, or has no case in common with the baseline.</summary>
    public Comparison? FindComparison(string row, ScoringGrid grid, string region) => _comparisons.GetValueOrDefault((row, grid, region));

    /// <summary>The place of a region in tables.</summary>
    internal static int RegionOrder(IReadOnlyList<Region> regions, string region) =>
        regions.TakeWhile(item => item.Name != region).Count();

    // Sums depend on the order of their terms, if only in the last digit.
    private ReproductionState Ordered(ReproductionState state) => state with
    {
        Finished =
        [
            .. state.Finished.OrderBy(run => run.Run.Settings.Fold).Select(run => run with
            {
                Scores =
                [
                    .. run.Scores.OrderBy(score => score.Grid).ThenBy(score => score.CaseId, StringComparer.Ordinal)
                        .ThenBy(score => RegionOrder(Regions, score.Region.Region)),
                ],
            }),
        ],
    };

    private IEnumerable<FoldSummary> SummariesOf(FinishedRun run) =>
        from scores in run.Scores.GroupBy(score => (score.Grid, score.Region.Region)).OrderBy(part => part.Key.Grid)
            .ThenBy(part => RegionOrder(Regions, part.Key.Region))
        from metric in Enum.GetValues<RegionMetric>()
        select new FoldSummary(run.Run, scores.Key.Grid, scores.Key.Region, metric, [.. scores.Select(score => metric.Of(score.Region))]);

    private SummaryRow SummaryOf(IGrouping<(ScoringGrid Grid, string Region, RegionMetric Metric), FoldSummary> folds)
    {
        string row = folds.First().Run.Row;
        SeedSummary[] seeds =
        [
            .. folds.GroupBy(fold => fold.Run.Settings.Seed).Select(seed => new SeedSummary(
                seed.Key,
                MeanAndDeviation.Of(seed.Select(fold => fold.OverCases.Mean)),
                CaseSummary.Of(seed.SelectMany(fold => fold.Values)))),
        ];
        return new SummaryRow(
            row,
            folds.Key.Grid,
            folds.Key.Region,
            folds.Key.Metric,
            seeds,
            MeanAndDeviation.Of(seeds.Select(seed => seed.OverCases.Mean)),
            MeanAndDeviation.Of(folds.Select(fold => fold.OverCases.Mean)),
            Plan.Count(run => run.Row == row));
    }
}
