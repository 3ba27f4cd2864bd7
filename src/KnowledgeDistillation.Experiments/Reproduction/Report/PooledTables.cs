using System.Globalization;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Report;
using KnowledgeDistillation.Experiments.Reproduction.Results;
using KnowledgeDistillation.Medical.BraTS;

namespace KnowledgeDistillation.Experiments.Reproduction.Report;

/// <summary>The tables and charts of several seeds.</summary>
internal sealed class PooledTables(PooledResults results, IReadOnlyList<ReproductionRow> rows)
{
    private const string None = "–";

    /// <summary>How the columns of the differences are to be read.</summary>
    public const string DifferencesLegend =
        "Each student against the baseline of the same network and modality. Difference: student − baseline in points of Dice, "
            + "the mean of the seeds' differences, which stand one by one beside it, each over all cases that both have scored with that seed. Interval and p "
            + "over seeds: Student's t test of the seeds' differences, corrected by Holm's method over all students and regions of the same grid and modality.";

    /// <summary>How the columns of the tests over cases are to be read.</summary>
    public const string TestsLegend =
        "95 % bootstrap interval (BCa) of the mean difference in points of Dice; Wilcoxon's signed-rank test, two-sided, corrected as above. "
            + "Effect: rank-biserial correlation, from −1 (worse wherever they differ) to +1 (better wherever they differ).";

    private readonly int[] _seeds = [.. results.States.Select(state => state.Settings.Seed)];

    /// <summary>The differences, seed by seed; null where there are none.</summary>
    public ReportTable? Differences(ScoringGrid grid, string where)
    {
        PooledComparison[] comparisons = On(grid);
        return comparisons.Length == 0 ? null : new ReportTable(
            $"Students against baselines, seed by seed, {where}",
            [
                new("Student", IsText: true), new("Region", IsText: true), new("Says", IsText: true), "Baseline", "Student", "Difference",
                "95 % interval over seeds", "p", "p, Holm", .. _seeds.Select(seed => (ReportColumn)FormattableString.Invariant($"Seed {seed}")), "Ahead",
            ],
            [
                .. comparisons.Select(comparison => (ReportCell[])
                [
                    Label(comparison.Row),
                    comparison.Region,
                    Says(comparison),
                    ComparisonTables.Percent(comparison.BaselineMean),
                    ComparisonTables.Percent(comparison.StudentMean),
                    ComparisonTables.Signed(100 * comparison.OverSeeds.Mean),
                    ComparisonTables.Interval(comparison.OverSeeds.Lower, comparison.OverSeeds.Upper),
                    ComparisonTables.P(comparison.OverSeeds.PValue),
                    ComparisonTables.P(comparison.AdjustedPValueOverSeeds),
                    .. _seeds.Select(seed => (ReportCell)(comparison.Seeds.FirstOrDefault(item => item.Seed == seed) is { } of
                        ? ComparisonTables.Signed(100 * of.Difference)
                        : None)),
                    string.Create(CultureInfo.InvariantCulture, $"{comparison.SeedsAhead} of {comparison.Seeds.Count}"),
                ]),
            ]);
    }

    /// <summary>The tests over cases; null where there are none.</summary>
    public ReportTable? Tests(ScoringGrid grid, string where)
    {
        PooledComparison[] comparisons = On(grid);
        return comparisons.Length == 0 ? null : new ReportTable(
            $"The same over cases{(results.SharesCases ? ", each averaged over the seeds" : " of all seeds")}, {where}",
            [
                new("Student", IsText: true), new("Region", IsText: true), "Difference", "95 % interval over cases",
                "p", "p, Holm", "Effect", "Better / equal / worse", "Cases", "Folds",
            ],
            [
                .. comparisons.Select(comparison => (ReportCell[])
                [
                    Label(comparison.Row),
                    comparison.Region,
                    ComparisonTables.Signed(100 * comparison.OverCases.Mean),
                    ComparisonTables.Interval(comparison.OverCases.Lower, comparison.OverCases.Upper),
                    ComparisonTables.P(comparison.Test.PValue),
                    ComparisonTables.P(comparison.AdjustedPValue),
                    ComparisonTables.Signed(comparison.Test.RankBiserialCorrelation),
                    string.Create(CultureInfo.InvariantCulture, $"{comparison.Wins} / {comparison.Ties} / {comparison.Losses}"),
                    comparison.Cases.ToString(CultureInfo.InvariantCulture),
                    string.Create(CultureInfo.InvariantCulture, $"{comparison.Folds} of {comparison.PlannedFolds}"),
                ]),
            ]);
    }

    /// <summary>A chart of each region: the mean difference of each student with its interval over seeds, and a dot for each seed.</summary>
    public IReadOnlyList<ReportChart> Charts(ScoringGrid grid) =>
    [
        .. BraTSRegions.All
            .Select(region => (region.Name, Rows: On(grid).Where(comparison => comparison.Region == region.Name).ToArray()))
            .Where(region => region.Rows.Length > 0)
            .Select(region => IntervalChart.Draw(
                RegionTitles.Of(region.Name),
                [
                    .. region.Rows.Select(comparison => new IntervalChartRow(
                        Label(comparison.Row), Verdicts.Of(comparison).Style(), 100 * comparison.OverSeeds.Mean,
                        100 * comparison.OverSeeds.Lower, 100 * comparison.OverSeeds.Upper)
                    {
                        Parts = [.. comparison.Seeds.Select(seed => (FormattableString.Invariant($"seed {seed.Seed}"), 100 * seed.Difference))],
                    }),
                ],
                "student − baseline, points of Dice")),
    ];

    /// <summary>All scores of a region over the seeds.</summary>
    public ReportTable Scores(ScoringGrid grid, Region region) => new(
        $"{RegionTitles.Of(region.Name)}: mean ± standard deviation over seeds",
        [new("Model", IsText: true), "Dice %, empty = 100", "Dice %, empty left out", "HD95 mm", "Sensitivity %", "Specificity %", "Seeds", "Cases"],
        [
            .. rows.Where(row => results.Find(row.Name, grid, region.Name, RegionMetric.Dice) is not null).Select(row => (ReportCell[])
            [
                row.Label,
                .. Enum.GetValues<RegionMetric>().Select(metric => (ReportCell)OverSeeds(results.Find(row.Name, grid, region.Name, metric), metric)),
                string.Create(CultureInfo.InvariantCulture, $"{results.Find(row.Name, grid, region.Name, RegionMetric.Dice)!.Seeds.Count} of {_seeds.Length}"),
                results.Find(row.Name, grid, region.Name, RegionMetric.Dice)!.Cases.ToString(CultureInfo.InvariantCulture),
            ]),
        ]);

    /// <summary>How many folds of each seed are done of what was planned.</summary>
    public ReportTable Progress() => new(
        "Folds that are done, by seed",
        [
            new("Row", IsText: true),
            new("Model", IsText: true),
            .. _seeds.Select(seed => new ReportColumn(FormattableString.Invariant($"Seed {seed}"), IsText: true)),
        ],
        [.. rows.Select(row => (ReportCell[])[row.Name, row.Label, .. results.States.Select(state => Progress(row.Name, state))])]);

    private static ReportCell Progress(string row, ReproductionState state)
    {
        int planned = state.Plan.Count(run => run.Row == row),
            done = state.Finished.Count(run => run.Run.Row == row),
            failed = state.Failed.Count(run => run.Run.Row == row);
        if (planned == 0)
            return new ReportCell("not planned", ReportTone.Muted);
        string text = string.Create(CultureInfo.InvariantCulture, $"{done} of {planned}{(failed > 0 ? $", {failed} failed" : "")}");
        return new ReportCell(text, failed > 0 ? ReportTone.Strong : done == planned ? ReportTone.Plain : ReportTone.Muted);
    }

    private static ReportCell Says(PooledComparison comparison) =>
        new(Verdicts.Of(comparison).InWords(), Verdicts.Of(comparison) == Verdict.Open ? ReportTone.Muted : ReportTone.Strong);

    private PooledComparison[] On(ScoringGrid grid) => [.. results.Comparisons.Where(comparison => comparison.Grid == grid)];

    private string Label(string row) => rows.First(known => known.Name == row).Label;

    private static string OverSeeds(PooledSummary? summary, RegionMetric metric)
    {
        if (summary is not { OverSeeds.Count: > 0 })
            return None;
        string text = metric == RegionMetric.HausdorffDistance95
            ? ReproductionTables.Text(summary.OverSeeds.Mean, summary.OverSeeds.StandardDeviation, digits: 1)
            : ReproductionTables.Text(100 * summary.OverSeeds.Mean, 100 * summary.OverSeeds.StandardDeviation, digits: 2);
        return summary.Counted == summary.Cases ? text : string.Create(CultureInfo.InvariantCulture, $"{text} ({summary.Counted})");
    }
}
