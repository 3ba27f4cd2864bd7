using System.Globalization;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Report;
using KnowledgeDistillation.Experiments.Reproduction.Results;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Medical.BraTS;

namespace KnowledgeDistillation.Experiments.Reproduction.Report;

/// <summary>The tables of a reproduction's scores.</summary>
internal sealed class ReproductionTables(ReproductionResults results, IReadOnlyList<ReproductionRow> rows)
{
    private const string None = "–";

    private static readonly ReportColumn[] RegionsBesideThePaper =
        [.. BraTSRegions.All.SelectMany(region => new ReportColumn[] { region.Name, $"{region.Name}, paper" })];

    /// <summary>The paper's Table 1, with ours.</summary>
    public ReportTable Table1() => new(
        "Table 1. Dice in percent, mean ± standard deviation over folds, ours and the paper's",
        [new("Model", IsText: true), .. RegionsBesideThePaper, "Folds"],
        [
            .. PaperFigures.Table1.SelectMany(paper => OursBeside(paper, row => row.HasAllSkipConnections, ours =>
                [
                    new(
                        ours is null ? paper.Model
                            : OwnName(paper.Model, ours), ours?.System == SegmentationSystems.KDNet ? ReportTone.Strong
                            : ReportTone.Plain),
                ])),
        ]);

    /// <summary>The paper's Table 2, with ours.</summary>
    public ReportTable Table2() => new(
        "Table 2. The loss terms, with and without skip connections. Dice in percent, mean ± standard deviation over folds, ours and the paper's",
        [new("Model", IsText: true), new("Loss", IsText: true), new("Skips", IsText: true), new("Weights", IsText: true), .. RegionsBesideThePaper, "Folds"],
        [
            .. PaperFigures.Table2.SelectMany(paper => OursBeside(paper, row => true, ours =>
            [
                new(ours is null ? paper.Model : OwnName(paper.Model, ours), ours?.System == SegmentationSystems.KDNet ? ReportTone.Strong : ReportTone.Plain),
                paper.Objective,
                Skips(paper, ours),
                ours?.Weights ?? "",
            ])),
        ]);

    /// <summary>Rows that the paper has no figures for; null where there are none.</summary>
    public ReportTable? Others()
    {
        ReproductionRow[] others = [.. rows.Where(row => row.Paper is null)];
        return others.Length == 0 ? null : new ReportTable(
            "Further systems, for which the paper has no figures. Dice in percent, mean ± standard deviation over folds",
            [
                new("Model", IsText: true), new("Loss", IsText: true), new("Weights", IsText: true), new("Sees", IsText: true),
                .. BraTSRegions.All.Select(region => (ReportColumn)region.Name), "Folds",
            ],
            [.. others.Select(row => (ReportCell[])
            [
                row.Label,
                row.Planned[0].Objective,
                row.Weights,
                row.Sees,
                .. BraTSRegions.All.Select(region => (ReportCell)OverFolds(row, region)),
                row.Progress,
            ])]);
    }

    /// <summary>All scores of a region over all cases.</summary>
    public ReportTable Scores(ScoringGrid grid, Region region)
    {
        ReproductionRow[] scored = [.. rows.Where(row => row.Scores(grid, region.Name).Any())];
        return new ReportTable(
            $"{RegionTitles.Of(region.Name)}: mean ± standard deviation over all test cases",
            [new("Model", IsText: true), "Dice %, empty = 100", "Dice %, empty left out", "HD95 mm", "Sensitivity %", "Specificity %", "Cases"],
            [
                .. scored.Select(row => (ReportCell[])
                [
                    row.Label,
                    .. Enum.GetValues<RegionMetric>().Select(metric => (ReportCell)OverCases(row, grid, region, metric)),
                    row.Scores(grid, region.Name).Count().ToString(CultureInfo.InvariantCulture),
                ]),
            ]);
    }

    /// <summary>What is done of what was planned.</summary>
    public ReportTable Progress(ReproductionState state)
    {
        int[] folds = [.. state.Plan.Select(run => run.Settings.Fold).Distinct().Order()];
        return new ReportTable(
            "Runs by fold",
            [
                new("Row", IsText: true),
                new("Model", IsText: true),
                .. folds.Select(fold => new ReportColumn(string.Create(CultureInfo.InvariantCulture, $"Fold {fold}"), IsText: true)),
            ],
            [.. rows.Select(row => (ReportCell[])[row.Name, row.Label, .. folds.Select(fold => Progress(row, fold))])]);
    }

    private static ReportCell Progress(ReproductionRow row, int fold)
    {
        bool Is(PlannedRun run) => run.Settings.Fold == fold;
        return row.Finished.Any(run => Is(run.Run)) ? "done"
            : row.Failed.Any(run => Is(run.Run)) ? new ReportCell("failed", ReportTone.Strong)
            : row.Planned.Any(Is) ? new ReportCell("not done", ReportTone.Muted)
            : new ReportCell("not planned", ReportTone.Muted);
    }

    // A row for each of ours that the paper's stands beside, or the paper's alone.
    private IEnumerable<IReadOnlyList<ReportCell>> OursBeside(
        PaperFigures paper, Func<ReproductionRow, bool> wanted, Func<ReproductionRow?, ReportCell[]> heads)
    {
        ReproductionRow?[] ours = [.. rows.Where(
            row => row.Paper is { } counterpart && counterpart.System == paper.System && counterpart.SkipConnections == paper.SkipConnections && wanted(row))];
        foreach (ReproductionRow? row in ours.DefaultIfEmpty())
        {
            yield return
            [
                .. heads(row),
                .. BraTSRegions.All.SelectMany(region => new ReportCell[]
                {
                    row is null ? None : OverFolds(row, region),
                    new(paper.Text(region.Name), ReportTone.Muted),
                }),
                row?.Progress ?? new ReportCell("not planned", ReportTone.Muted),
            ];
        }
    }

    // Where the weights are not the paper's, the row says which they are.
    private static string OwnName(string model, ReproductionRow ours) => ours.Planned[0].Weighting is { } weighting ? $"{model}, {weighting}" : model;

    private static string Skips(PaperFigures paper, ReproductionRow? ours) => ours?.SkipConnections is { } skips && skips != paper.SkipConnections
        ? string.Create(CultureInfo.InvariantCulture, $"{skips} (paper: {paper.SkipConnections})")
        : string.Create(CultureInfo.InvariantCulture, $"{paper.SkipConnections}");

    private string OverFolds(ReproductionRow row, Region region) =>
        results.Find(row.Name, ScoringGrid.Training, region.Name, RegionMetric.Dice) is { OverFolds: { Count: > 0 } summary }
            ? Text(100 * summary.Mean, 100 * summary.StandardDeviation, digits: 2)
            : None;

    private string OverCases(ReproductionRow row, ScoringGrid grid, Region region, RegionMetric metric)
    {
        if (results.Find(row.Name, grid, region.Name, metric) is not { OverCases: { Counted: > 0 } summary })
            return None;
        string text = metric == RegionMetric.HausdorffDistance95
            ? Text(summary.Mean, summary.StandardDeviation, digits: 1)
            : Text(100 * summary.Mean, 100 * summary.StandardDeviation, digits: 2);
        return summary.Counted == summary.Cases ? text : string.Create(CultureInfo.InvariantCulture, $"{text} ({summary.Counted})");
    }

    /// <summary>For example "71.67 ± 1.22"; without a deviation where there is none.</summary>
    public static string Text(double mean, double deviation, int digits)
    {
        string text = mean.ToString($"F{digits}", CultureInfo.InvariantCulture);
        return double.IsNaN(deviation) ? text : $"{text} ± {deviation.ToString($"F{digits}", CultureInfo.InvariantCulture)}";
    }
}
