using System.Globalization;
using KnowledgeDistillation.Medical;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Samples.BraTS;

/// <summary>The tables of a reproduction's scores.</summary>
internal sealed class ReproductionTables(IReadOnlyList<ReproductionRow> rows)
{
    private const string None = "–";

    private static readonly ReportColumn[] RegionsBesideThePaper = [.. BraTSRegions.All.SelectMany(region => new ReportColumn[] { region.Name, $"{region.Name}, paper" })];

    /// <summary>The paper's Table 1, with ours.</summary>
    public ReportTable Table1() => new(
        "Table 1. Dice in percent, mean ± standard deviation over folds, ours and the paper's",
        [new("Model", IsText: true), .. RegionsBesideThePaper, "Folds done"],
        [
            .. PaperFigures.Table1.SelectMany(paper => OursBeside(paper, row => row.HasAllSkipConnections, (ours, _) =>
                [new(ours is null ? paper.Model : OwnName(paper.Model, ours), ours?.System == SegmentationSystems.KDNet ? ReportTone.Strong : ReportTone.Plain)])),
        ]);

    /// <summary>The paper's Table 2, with ours.</summary>
    public ReportTable Table2() => new(
        "Table 2. The loss terms, with and without skip connections. Dice in percent, mean ± standard deviation over folds, ours and the paper's",
        [new("Skips", IsText: true), new("Model", IsText: true), new("Loss", IsText: true), new("Weights", IsText: true), .. RegionsBesideThePaper, "Folds done"],
        [
            .. PaperFigures.Table2.SelectMany(paper => OursBeside(paper, row => true, (ours, _) =>
            [
                Skips(paper, ours),
                new(ours is null ? paper.Model : OwnName(paper.Model, ours), ours?.System == SegmentationSystems.KDNet ? ReportTone.Strong : ReportTone.Plain),
                paper.Objective,
                ours?.Weights ?? "",
            ])),
        ]);

    /// <summary>Rows that the paper has no figures for; null where there are none.</summary>
    public ReportTable? Others()
    {
        ReproductionRow[] others = [.. rows.Where(row => row.Paper is null)];
        return others.Length == 0 ? null : new ReportTable(
            "Further systems, for which the paper has no figures. Dice in percent, mean ± standard deviation over folds",
            [new("Model", IsText: true), new("Loss", IsText: true), new("Weights", IsText: true), new("Sees", IsText: true), .. BraTSRegions.All.Select(region => (ReportColumn)region.Name), "Folds done"],
            [.. others.Select(row => (ReportCell[])[row.Label, row.Planned[0].Objective, row.Weights, row.Sees, .. BraTSRegions.All.Select(region => (ReportCell)Percent(row.OverFolds(ScoringGrid.Training, region.Name, scores => scores.Dice))), row.Progress])]);
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
                    Percent(row.OverCases(grid, region.Name, scores => scores.Dice)),
                    WithCount(Percent(row.OverCases(grid, region.Name, scores => scores.DiceSkippingEmpty)), row, grid, region, scores => scores.DiceSkippingEmpty),
                    WithCount(Text(row.OverCases(grid, region.Name, Distance), 1), row, grid, region, Distance),
                    Percent(row.OverCases(grid, region.Name, scores => scores.Sensitivity)),
                    Percent(row.OverCases(grid, region.Name, scores => scores.Specificity)),
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
            [new("Row", IsText: true), new("Model", IsText: true), .. folds.Select(fold => new ReportColumn(string.Create(CultureInfo.InvariantCulture, $"Fold {fold}"), IsText: true))],
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
    private IEnumerable<IReadOnlyList<ReportCell>> OursBeside(PaperFigures paper, Func<ReproductionRow, bool> wanted, Func<ReproductionRow?, PaperFigures, ReportCell[]> heads)
    {
        ReproductionRow?[] ours = [.. rows.Where(row => row.Paper is { } counterpart && counterpart.System == paper.System && counterpart.SkipConnections == paper.SkipConnections && wanted(row))];
        foreach (ReproductionRow? row in ours.DefaultIfEmpty())
        {
            yield return
            [
                .. heads(row, paper),
                .. BraTSRegions.All.SelectMany(region => new ReportCell[]
                {
                    row is null ? None : Percent(row.OverFolds(ScoringGrid.Training, region.Name, scores => scores.Dice)),
                    new(paper.Text(region.Name), ReportTone.Muted),
                }),
                row?.Progress ?? new ReportCell("not planned", ReportTone.Muted),
            ];
        }
    }

    // Where the weights are not the paper's, the row says which they are.
    private static string OwnName(string model, ReproductionRow ours)
    {
        int comma = ours.Title.IndexOf(", ", StringComparison.Ordinal);
        return comma < 0 ? model : model + ours.Title[comma..];
    }

    private static string Skips(PaperFigures paper, ReproductionRow? ours) => ours?.SkipConnections is { } skips && skips != paper.SkipConnections
        ? string.Create(CultureInfo.InvariantCulture, $"{skips} (paper: {paper.SkipConnections})")
        : string.Create(CultureInfo.InvariantCulture, $"{paper.SkipConnections}");

    private static string WithCount(string text, ReproductionRow row, ScoringGrid grid, Region region, Func<RegionScores, double> measure)
    {
        MeanAndDeviation summary = row.OverCases(grid, region.Name, measure);
        return summary.Skipped == 0 || summary.Count == 0 ? text : string.Create(CultureInfo.InvariantCulture, $"{text} ({summary.Count})");
    }

    private static double Distance(RegionScores scores) => double.IsFinite(scores.HausdorffDistance95) ? scores.HausdorffDistance95 : double.NaN;

    private static string Percent(MeanAndDeviation share) => Text(share with { Mean = 100 * share.Mean, StandardDeviation = 100 * share.StandardDeviation }, 2);

    private static string Text(MeanAndDeviation summary, int digits) => summary.Count switch
    {
        0 => None,
        1 => summary.Mean.ToString($"F{digits}", CultureInfo.InvariantCulture),
        _ => string.Create(CultureInfo.InvariantCulture, $"{summary.Mean.ToString($"F{digits}", CultureInfo.InvariantCulture)} ± {summary.StandardDeviation.ToString($"F{digits}", CultureInfo.InvariantCulture)}"),
    };
}
