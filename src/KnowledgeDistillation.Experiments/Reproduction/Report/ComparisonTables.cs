using System.Globalization;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Report;
using KnowledgeDistillation.Experiments.Reproduction.Results;

namespace KnowledgeDistillation.Experiments.Reproduction.Report;

/// <summary>Students against their baselines, as tables and as charts.</summary>
internal sealed class ComparisonTables(ReproductionResults results, IReadOnlyList<ReproductionRow> rows)
{
    private const string None = "–";

    private readonly int[] _seeds = [.. results.States.Select(state => state.Settings.Seed)];

    /// <summary>How the columns of the differences are to be read.</summary>
    public const string DifferencesLegend =
        "Each student against the baseline of the same network and modality. Difference: student − baseline in points of Dice, "
            + "the mean of the seeds' differences, which stand one by one beside it, each over all cases that both have scored with that seed. Interval and p "
            + "over seeds: Student's t test of the seeds' differences, corrected by Holm's method over all students and regions of the same grid and modality.";

    /// <summary>How the columns of the tests over cases are to be read.</summary>
    public const string TestsLegend =
        "Mean of student − baseline in points of Dice over the test cases that both scored, with its 95 % bootstrap interval (BCa); Wilcoxon's signed-rank "
            + "test, two-sided, corrected by Holm's method over all students and regions of the same grid and modality. "
            + "Effect: rank-biserial correlation, from −1 (worse wherever they differ) to +1 (better wherever they differ).";

    /// <summary>What the intervals of the charts are over.</summary>
    public string ChartsLegend => _seeds.Length == 1
        ? "Mean difference on the grid of the networks with its 95 % interval over cases. Hollow and gray: cannot tell, as always with one seed."
        : "Mean difference on the grid of the networks with its 95 % interval over seeds; the small dots below it are the seeds. "
            + "Filled and colored: a gain (blue) or a loss (orange) by the rule above; hollow and gray: cannot tell.";

    /// <summary>The differences, seed by seed; null where there are none, or one seed.</summary>
    public ReportTable? Differences(ScoringGrid grid, string where)
    {
        Comparison[] comparisons = On(grid);
        return comparisons.Length == 0 || _seeds.Length == 1 ? null : new ReportTable(
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
                    Percent(comparison.BaselineMean),
                    Percent(comparison.StudentMean),
                    Signed(100 * comparison.OverSeeds.Mean),
                    Interval(comparison.OverSeeds.Lower, comparison.OverSeeds.Upper),
                    P(comparison.OverSeeds.PValue),
                    P(comparison.AdjustedPValueOverSeeds),
                    .. _seeds.Select(seed => (ReportCell)(comparison.Seeds.FirstOrDefault(item => item.Seed == seed) is { } of
                        ? Signed(100 * of.Difference)
                        : None)),
                    string.Create(CultureInfo.InvariantCulture, $"{comparison.SeedsAhead} of {comparison.Seeds.Count}"),
                ]),
            ]);
    }

    /// <summary>The tests over cases; null where there are none.</summary>
    public ReportTable? Tests(ScoringGrid grid, string where)
    {
        Comparison[] comparisons = On(grid);
        bool alone = _seeds.Length == 1;
        return comparisons.Length == 0 ? null : new ReportTable(
            alone
                ? $"Students against baselines, {where}"
                : $"The same over cases{(results.SharesCases ? ", each averaged over the seeds" : " of all seeds")}, {where}",
            [
                new("Student", IsText: true), new("Region", IsText: true), .. alone ? (ReportColumn[])["Baseline", "Student"] : [],
                "Difference", "95 % interval over cases", "p", "p, Holm", "Effect", "Better / equal / worse", "Cases", "Folds",
            ],
            [
                .. comparisons.Select(comparison => (ReportCell[])
                [
                    Label(comparison.Row),
                    comparison.Region,
                    .. alone ? (ReportCell[])[Percent(comparison.BaselineMean), Percent(comparison.StudentMean)] : [],
                    Signed(100 * comparison.OverCases.Mean),
                    Interval(comparison.OverCases.Lower, comparison.OverCases.Upper),
                    P(comparison.Test.PValue),
                    P(comparison.AdjustedPValue),
                    Signed(comparison.Test.RankBiserialCorrelation),
                    string.Create(CultureInfo.InvariantCulture, $"{comparison.Wins} / {comparison.Ties} / {comparison.Losses}"),
                    comparison.Cases.ToString(CultureInfo.InvariantCulture),
                    string.Create(CultureInfo.InvariantCulture, $"{comparison.Folds} of {comparison.PlannedFolds}"),
                ]),
            ]);
    }

    /// <summary>
    /// A chart of each region: the mean difference of each student with its interval over seeds and a dot for each seed, or with that over cases where
    /// there is one seed.
    /// </summary>
    public IReadOnlyList<ReportChart> Charts(ScoringGrid grid) =>
    [
        .. results.Regions
            .Select(region => (region.Name, Rows: On(grid).Where(comparison => comparison.Region == region.Name).Select(ChartRow).ToArray()))
            .Where(region => region.Rows.Length > 0)
            .Select(region => IntervalChart.Draw(RegionTitles.Of(region.Name), region.Rows, "student − baseline, points of Dice")),
    ];

    /// <summary>For example "+1.02 to +5.20"; a dash where there is no interval, as of a single case or seed.</summary>
    public static string Interval(double lower, double upper) => double.IsFinite(lower) ? $"{Signed(100 * lower)}\u00a0to\u00a0{Signed(100 * upper)}" : None;

    /// <summary>For example "p = 0.012".</summary>
    public static string PInWords(double p) => p < 0.001 ? "p\u00a0<\u00a00.001" : $"p\u00a0=\u00a0{P(p)}";

    /// <summary>For example "0.012", or "&lt; 0.001"; a dash where there is none.</summary>
    public static string P(double p) => double.IsNaN(p) ? None : p < 0.001 ? "< 0.001" : p.ToString("0.000", CultureInfo.InvariantCulture);

    /// <summary>For example "+1.02".</summary>
    public static string Signed(double value) => value.ToString("+0.00;−0.00;0.00", CultureInfo.InvariantCulture);

    private static string Percent(double share) => (100 * share).ToString("0.00", CultureInfo.InvariantCulture);

    private IntervalChartRow ChartRow(Comparison comparison)
    {
        (double lower, double upper) = _seeds.Length == 1
            ? (comparison.OverCases.Lower, comparison.OverCases.Upper)
            : (comparison.OverSeeds.Lower, comparison.OverSeeds.Upper);
        return new IntervalChartRow(
            Label(comparison.Row), Verdicts.Of(comparison).Style(), 100 * comparison.OverSeeds.Mean, 100 * lower, 100 * upper)
        {
            Parts = _seeds.Length == 1
                ? []
                : [.. comparison.Seeds.Select(seed => (FormattableString.Invariant($"seed {seed.Seed}"), 100 * seed.Difference))],
        };
    }

    private static ReportCell Says(Comparison comparison) =>
        new(Verdicts.Of(comparison).InWords(), Verdicts.Of(comparison) == Verdict.Open ? ReportTone.Muted : ReportTone.Strong);

    private Comparison[] On(ScoringGrid grid) => [.. results.Comparisons.Where(comparison => comparison.Grid == grid)];

    private string Label(string row) => rows.First(known => known.Name == row).Label;
}
