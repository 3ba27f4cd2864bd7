using System.Globalization;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Report;
using KnowledgeDistillation.Experiments.Reproduction.Results;
using KnowledgeDistillation.Medical.BraTS;

namespace KnowledgeDistillation.Experiments.Reproduction.Report;

/// <summary>Students against their baselines, as tables and as charts.</summary>
internal sealed class ComparisonTables(ReproductionResults results, IReadOnlyList<ReproductionRow> rows)
{
    /// <summary>How the columns are to be read.</summary>
    public const string Legend =
        "Each student against the baseline of the same network and modality, on the test cases that both scored. "
            + "Difference: mean of student − baseline in points of Dice, with its 95 % bootstrap interval (BCa). p: Wilcoxon's signed-rank test, two-sided; "
            + "corrected by Holm's method over all students and regions of the same grid and modality. "
            + "Effect: rank-biserial correlation, from −1 (worse wherever they differ) to +1 (better wherever they differ).";

    /// <summary>The comparisons on a grid; null where there are none.</summary>
    public ReportTable? Table(ScoringGrid grid, string where)
    {
        Comparison[] comparisons = [.. results.Comparisons.Where(comparison => comparison.Grid == grid)];
        return comparisons.Length == 0 ? null : new ReportTable(
            $"Students against baselines, {where}",
            [
                new("Student", IsText: true), new("Region", IsText: true), new("In these runs", IsText: true), "Baseline", "Student",
                "Difference", "95 % interval", "p", "p, Holm", "Effect", "Better / equal / worse", "Folds",
            ],
            [
                .. comparisons.Select(comparison => (ReportCell[])
                [
                    Label(comparison),
                    comparison.Region,
                    comparison.Difference.Mean > 0 ? "ahead" : comparison.Difference.Mean < 0 ? "behind" : "equal",
                    Percent(comparison.BaselineMean),
                    Percent(comparison.StudentMean),
                    Signed(100 * comparison.Difference.Mean),
                    Interval(comparison),
                    P(comparison.Test.PValue),
                    P(comparison.AdjustedPValue),
                    Signed(comparison.Test.RankBiserialCorrelation),
                    string.Create(CultureInfo.InvariantCulture, $"{comparison.Wins} / {comparison.Ties} / {comparison.Losses}"),
                    string.Create(CultureInfo.InvariantCulture, $"{comparison.Folds} of {comparison.PlannedFolds}"),
                ]),
            ]);
    }

    /// <summary>A chart of each region that has intervals.</summary>
    public IReadOnlyList<ReportChart> Charts(ScoringGrid grid) =>
    [
        .. BraTSRegions.All
            .Select(region => (
                region.Name, Rows: results.Comparisons.Where(
                    comparison => comparison.Grid == grid && comparison.Region == region.Name && double.IsFinite(comparison.Difference.Lower)).ToArray()))
            .Where(region => region.Rows.Length > 0)
            .Select(region => IntervalChart.Draw(
                RegionTitles.Of(region.Name),
                [
                    .. region.Rows.Select(comparison => new IntervalChartRow(
                        Label(comparison),
                        Verdict.Open.Style(),
                        100 * comparison.Difference.Mean,
                        100 * comparison.Difference.Lower,
                        100 * comparison.Difference.Upper)),
                ],
                "student − baseline, points of Dice")),
    ];

    /// <summary>For example "+1.02 to +5.20"; a dash where there is a single case.</summary>
    public static string Interval(Comparison comparison) => Interval(comparison.Difference.Lower, comparison.Difference.Upper);

    /// <summary>The same for the ends of an interval.</summary>
    public static string Interval(double lower, double upper) => double.IsFinite(lower) ? $"{Signed(100 * lower)}\u00a0to\u00a0{Signed(100 * upper)}" : "–";

    /// <summary>For example "p = 0.012".</summary>
    public static string PInWords(double p) => p < 0.001 ? "p\u00a0<\u00a00.001" : $"p\u00a0=\u00a0{P(p)}";

    /// <summary>For example "0.012".</summary>
    public static string P(double p) => double.IsNaN(p) ? "–" : p < 0.001 ? "< 0.001" : p.ToString("0.000", CultureInfo.InvariantCulture);

    /// <summary>For example "71.67".</summary>
    public static string Percent(double share) => (100 * share).ToString("0.00", CultureInfo.InvariantCulture);

    /// <summary>For example "+1.02".</summary>
    public static string Signed(double value) => value.ToString("+0.00;−0.00;0.00", CultureInfo.InvariantCulture);

    private string Label(Comparison comparison) => rows.First(row => row.Name == comparison.Row).Label;
}
