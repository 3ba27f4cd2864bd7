using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Statistics;

namespace KnowledgeDistillation.Experiments.Reproduction.Results;

/// <summary>What the finished runs of several seeds say together.</summary>
/// <remarks>
/// The order of all lists is that of the plan's rows, then grids, regions (ET, TC, WT), metrics and seeds,
/// whatever the order in which runs ended or seeds were named.
/// </remarks>
internal sealed class PooledResults
{
    private readonly Dictionary<(string Row, ScoringGrid Grid, string Region, RegionMetric Metric), PooledSummary> _summary;
    private readonly Dictionary<(string Row, ScoringGrid Grid, string Region), PooledComparison> _comparisons;

    private PooledResults(IReadOnlyList<ReproductionState> states, bool sharesCases)
    {
        SharesCases = sharesCases;
        States = [.. states.OrderBy(state => state.Settings.Seed)];
        Plan = [.. States.SelectMany(state => state.Plan).GroupBy(run => run.Row).SelectMany(row => row)];
        string[] rows = [.. Plan.Select(run => run.Row).Distinct()];
        (int Seed, ReproductionResults Results)[] seeds = [.. States.Select(state => (state.Settings.Seed, ReproductionResults.Of(state)))];
        Summary =
        [
            .. seeds.SelectMany(seed => seed.Results.Summary.Select(summary => (seed.Seed, Of: summary)))
                .GroupBy(item => (item.Of.Row, item.Of.Grid, item.Of.Region, item.Of.Metric))
                .Select(group => new PooledSummary(
                    group.Key.Row,
                    group.Key.Grid,
                    group.Key.Region,
                    group.Key.Metric,
                    [.. group.Select(item => (item.Seed, item.Of.OverCases))],
                    MeanAndDeviation.Of(group.Select(item => item.Of.OverCases.Mean))))
                .OrderBy(summary => Array.IndexOf(rows, summary.Row)),
        ];
        Comparisons = PooledComparisons.Of(States.Zip(seeds, (state, seed) => state with { Finished = seed.Results.Runs }), sharesCases);
        _summary = Summary.ToDictionary(summary => (summary.Row, summary.Grid, summary.Region, summary.Metric));
        _comparisons = Comparisons.ToDictionary(comparison => (comparison.Row, comparison.Grid, comparison.Region));
    }

    /// <summary>Each seed, in their order.</summary>
    public IReadOnlyList<ReproductionState> States { get; }

    /// <summary>Whether all seeds have the same cases, which then are not independent of one another.</summary>
    public bool SharesCases { get; }

    /// <summary>All runs that were planned, row by row.</summary>
    public IReadOnlyList<PlannedRun> Plan { get; }

    /// <summary>Each metric of each row of which a run is done.</summary>
    public IReadOnlyList<PooledSummary> Summary { get; }

    /// <summary>Each student that has cases in common with its baseline.</summary>
    public IReadOnlyList<PooledComparison> Comparisons { get; }

    /// <summary>What some seeds say together.</summary>
    /// <param name="states">One for each seed, at least one.</param>
    /// <param name="sharesCases">Whether all seeds have the same cases (patients), or each has its own (phantoms).</param>
    public static PooledResults Of(IReadOnlyList<ReproductionState> states, bool sharesCases) => new(states, sharesCases);

    /// <summary>A metric of a row; null where no run of it is done or it was not scored on this grid.</summary>
    public PooledSummary? Find(string row, ScoringGrid grid, string region, RegionMetric metric) => _summary.GetValueOrDefault((row, grid, region, metric));

    /// <summary>A student's row against its baseline; null where it is no student's, or has no case in common with the baseline.</summary>
    public PooledComparison? FindComparison(string row, ScoringGrid grid, string region) => _comparisons.GetValueOrDefault((row, grid, region));
}
