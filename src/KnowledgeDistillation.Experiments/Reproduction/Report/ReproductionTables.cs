using System.Globalization;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Report;
using KnowledgeDistillation.Experiments.Reproduction.Results;
using KnowledgeDistillation.Experiments.Statistics;
using KnowledgeDistillation.Experiments.Systems;

namespace KnowledgeDistillation.Experiments.Reproduction.Report;

/// <summary>The tables of a reproduction's scores.</summary>
internal sealed class ReproductionTables(ReproductionResults results, IReadOnlyList<ReproductionRow> rows)
{
    private const string None = "–";

    private readonly int[] _seeds = [.. results.States.Select(state => state.Settings.Seed)];

    private readonly ReportColumn[] _regionsBesideThePaper =
        [.. results.Regions.SelectMany(region => new ReportColumn[] { region.Name, $"{region.Name}, paper" })];

    /// <summary>The paper's Table 1, with ours.</summary>
    public ReportTable Table1() => new(
        $"Table 1. Dice in percent, {MeanInWords}; the paper's over folds",
        [new("Model", IsText: true), .. _regionsBesideThePaper, "Folds"],
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
        $"Table 2. The loss terms, with and without skip connections. Dice in percent, {MeanInWords}; the paper's over folds",
        [new("Model", IsText: true), new("Loss", IsText: true), new("Skips", IsText: true), new("Weights", IsText: true), .. _regionsBesideThePaper, "Folds"],
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
        bool published = others.Any(row => row.Published is not null);
        return others.Length == 0 ? null : new ReportTable(
            (others.Length == rows.Count ? "All systems" : "Further systems, for which the paper has no figures") + $". Dice in percent, {MeanInWords}",
            [
                new("Model", IsText: true), new("Loss", IsText: true), new("Weights", IsText: true), new("Sees", IsText: true),
                .. results.Regions.SelectMany(region => published ? (ReportColumn[])[region.Name, $"{region.Name}, published"] : [region.Name]),
                .. published ? (ReportColumn[])[new("Published for", IsText: true)] : [], "Folds",
            ],
            [.. others.Select(row => (ReportCell[])
            [
                row.Label,
                row.Planned[0].Objective,
                row.Weights,
                row.Sees,
                .. results.Regions.SelectMany(region => published
                    ? (ReportCell[])[Mean(row, region), new(row.Published?.Text(region.Name) ?? None, ReportTone.Muted)]
                    : [Mean(row, region)]),
                .. published
                    ? (ReportCell[])[new(row.Published is { } scores ? $"{scores.Data}, {scores.Source}" : None, ReportTone.Muted)]
                    : [],
                row.Progress,
            ])]);
    }

    /// <summary>All scores of a region, over the cases of one seed or over several seeds.</summary>
    public ReportTable Scores(ScoringGrid grid, Region region)
    {
        bool alone = _seeds.Length == 1;
        return new ReportTable(
            $"{RegionTitles.Of(region.Name)}: mean ± standard deviation over {(alone ? "all test cases" : "seeds")}",
            [
                new("Model", IsText: true), "Dice %, empty = 100", "Dice %, empty left out", "HD95 mm", "Sensitivity %", "Specificity %", "Volume ratio",
                .. alone ? (ReportColumn[])[] : ["Seeds"], "Cases",
            ],
            [
                .. from row in rows
                   let dice = results.Find(row.Name, grid, region.Name, RegionMetric.Dice)
                   where dice is not null
                   select (ReportCell[])
                   [
                       row.Label,
                       .. Enum.GetValues<RegionMetric>().Select(metric => (ReportCell)Score(results.Find(row.Name, grid, region.Name, metric), metric)),
                       .. alone ? (ReportCell[])[] : [string.Create(CultureInfo.InvariantCulture, $"{dice.Seeds.Count} of {_seeds.Length}")],
                       dice.Cases.ToString(CultureInfo.InvariantCulture),
                   ],
            ]);
    }

    /// <summary>What is done of what was planned: by fold, or with several seeds by seed.</summary>
    public ReportTable Progress()
    {
        (string Title, Func<PlannedRun, bool> Holds)[] columns = _seeds.Length == 1
            ? [.. results.Plan.Select(run => run.Settings.Fold).Distinct().Order()
                .Select(fold => (FormattableString.Invariant($"Fold {fold}"), (Func<PlannedRun, bool>)(run => run.Settings.Fold == fold)))]
            : [.. _seeds.Select(seed => (FormattableString.Invariant($"Seed {seed}"), (Func<PlannedRun, bool>)(run => run.Settings.Seed == seed)))];
        return new ReportTable(
            _seeds.Length == 1 ? "Runs by fold" : "Folds that are done, by seed",
            [new("Row", IsText: true), new("Model", IsText: true), .. columns.Select(column => new ReportColumn(column.Title, IsText: true))],
            [.. rows.Select(row => (ReportCell[])[row.Name, row.Label, .. columns.Select(column => Progress(row, column.Holds))])]);
    }

    private static ReportCell Progress(ReproductionRow row, Func<PlannedRun, bool> holds)
    {
        int planned = row.Planned.Count(holds),
            done = row.Finished.Count(run => holds(run.Run)),
            failed = row.Failed.Count(run => holds(run.Run));
        string text = planned switch
        {
            0 => "not planned",
            1 => done > 0 ? "done" : failed > 0 ? "failed" : "not done",
            _ => string.Create(CultureInfo.InvariantCulture, $"{done} of {planned}{(failed > 0 ? $", {failed} failed" : "")}"),
        };
        return new ReportCell(text, failed > 0 ? ReportTone.Strong : planned > 0 && done == planned ? ReportTone.Plain : ReportTone.Muted);
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
                .. results.Regions.SelectMany(region => new ReportCell[]
                {
                    row is null ? None : Mean(row, region),
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

    // The paper has the deviation over folds. Several seeds say more about chance than the folds of one.
    private string MeanInWords => $"mean ± standard deviation over {(_seeds.Length == 1 ? "folds" : "seeds")}";

    private string Mean(ReproductionRow row, Region region)
    {
        SummaryRow? summary = results.Find(row.Name, ScoringGrid.Training, region.Name, RegionMetric.Dice);
        MeanAndDeviation? mean = _seeds.Length == 1 ? summary?.OverFolds : summary?.OverSeeds;
        return mean is { Count: > 0 } shown ? Text(100 * shown.Mean, 100 * shown.StandardDeviation, digits: 2) : None;
    }

    private string Score(SummaryRow? summary, RegionMetric metric)
    {
        if (summary is not { Counted: > 0 })
            return None;
        (double mean, double deviation) = _seeds.Length == 1
            ? (summary.Seeds[0].OverCases.Mean, summary.Seeds[0].OverCases.StandardDeviation)
            : (summary.OverSeeds.Mean, summary.OverSeeds.StandardDeviation);
        string text = metric switch
        {
            RegionMetric.HausdorffDistance95 => Text(mean, deviation, digits: 1),
            RegionMetric.VolumeRatio => Text(mean, deviation, digits: 2),
            _ => Text(100 * mean, 100 * deviation, digits: 2),
        };
        return summary.Counted == summary.Cases ? text : string.Create(CultureInfo.InvariantCulture, $"{text} ({summary.Counted})");
    }

    // For example "71.67 ± 1.22"; without a deviation where there is none.
    private static string Text(double mean, double deviation, int digits)
    {
        string text = mean.ToString($"F{digits}", CultureInfo.InvariantCulture);
        return double.IsNaN(deviation) ? text : $"{text} ± {deviation.ToString($"F{digits}", CultureInfo.InvariantCulture)}";
    }
}
