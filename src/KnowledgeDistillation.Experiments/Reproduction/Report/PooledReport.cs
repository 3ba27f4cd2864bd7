using System.Globalization;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Report;
using KnowledgeDistillation.Experiments.Reproduction.Results;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Medical.BraTS;

namespace KnowledgeDistillation.Experiments.Reproduction.Report;

/// <summary>
/// What a reproduction with several seeds has found out so far, as report.html (one file) and as report.md (charts
/// in report-files), with the tables as CSV files.
/// </summary>
internal sealed class PooledReport
{
    private readonly PooledResults _results;
    private readonly IReadOnlyList<ReproductionRow> _rows;
    private readonly PooledTables _tables;

    private PooledReport(PooledResults results)
    {
        _results = results;
        _rows = [.. results.States.SelectMany(ReproductionRow.Of).DistinctBy(row => row.Name)];
        _tables = new PooledTables(results, _rows);
    }

    /// <summary>Writes both forms of the report and the tables; the same states give the same files.</summary>
    /// <param name="states">One for each seed, at least one, in any order.</param>
    /// <param name="sharesCases">Whether all seeds have the same cases.</param>
    /// <param name="folder">Where the files go; the seeds' own reports are below.</param>
    public static void Write(IReadOnlyList<ReproductionState> states, bool sharesCases, SeedsFolder folder)
    {
        var results = PooledResults.Of(states, sharesCases);
        PooledCsv.Write(folder.Results, results);
        ReportDocument document = new PooledReport(results).Document();
        HtmlReport.Write(document, Path.Combine(folder.Path, ReproductionFolder.HtmlName));
        MarkdownReport.Write(document, Path.Combine(folder.Path, ReproductionFolder.MarkdownName));
    }

    private ExperimentSettings Settings => _results.States[0].Settings;

    private bool SameGrids => ReportedGrids.AreTheSame(_results.States[0]);

    private string Seeds => Verdicts.List(_results.States.Select(state => state.Settings.Seed.ToString(CultureInfo.InvariantCulture)));

    private ReportDocument Document() => new("Does a teacher with four MRI modalities help a student with one?",
    [
        .. Introduction(),
        .. new PooledAnswer(_results, _rows).Blocks(),
        .. Comparisons(),
        .. Scores(),
        .. Runs(),
    ]);

    private IEnumerable<ReportBlock> Introduction()
    {
        int seeds = _results.States.Count,
            planned = _results.Plan.Count,
            done = _results.States.Sum(state => state.Finished.Count),
            failed = _results.States.Sum(state => state.Failed.Count);
        yield return new ReportBlock.Paragraph(
            "KD-Net (Hu, Maillard et al., MICCAI 2020) reproduced with several seeds: a teacher that sees T1, T1ce, T2 and FLAIR helps to train a student that "
                + "sees T1ce only; the baseline is the same network without help.",
            ReportTone.Lead);
        string data = !_results.States[0].IsOfPhantoms() ? $"{_results.States[0].Data}, the same patients with each seed"
            : _results.SharesCases ? "phantoms (made-up patients), the same with each seed"
            : string.Create(CultureInfo.InvariantCulture,
                $"{Settings.PhantomCases} phantoms (made-up patients) of {Settings.PhantomEdge}³ voxels with each seed, other ones each time");
        yield return new ReportBlock.Paragraph(string.Create(CultureInfo.InvariantCulture,
            $"Data: {data}. {(seeds == 1 ? "Seed" : $"{seeds} seeds:")} {Seeds}. {Settings.Folds} folds, {Settings.Training.Epochs} epochs. "
                + $"{done} of {planned} runs are done{(failed > 0 ? $", {failed} failed" : "")}."), ReportTone.Muted);
        yield return new ReportBlock.Paragraph("The report of each seed has the paper's tables beside ours, every case, slices and learning curves:");
        yield return new ReportBlock.Links([.. _results.States.Select(state =>
            (FormattableString.Invariant($"Seed {state.Settings.Seed}"), $"{SeedsFolder.NameOf(state.Settings.Seed)}/{ReproductionFolder.HtmlName}"))]);
    }

    private IEnumerable<ReportBlock> Comparisons()
    {
        yield return new ReportBlock.Heading(2, "Students against their baselines");
        if (_results.Comparisons.Count == 0)
        {
            yield return new ReportBlock.Paragraph("No fold is done with both a student and its baseline.", ReportTone.Muted);
            yield break;
        }

        yield return new ReportBlock.Charts(_tables.Charts(ScoringGrid.Training));
        yield return new ReportBlock.Paragraph(
            "Mean difference on the grid of the networks with its 95 % interval over seeds; the small dots below it are the seeds. "
                + "Filled and colored: a gain (blue) or a loss (orange) by the rule above; hollow and gray: cannot tell.",
            ReportTone.Muted);
        foreach (ReportBlock block in Tables(ScoringGrid.Training))
            yield return block;
        ReportBlock[] native = SameGrids ? [] : [.. Tables(ScoringGrid.Native)];
        if (native.Length > 0)
            yield return new ReportBlock.Details("The same in native space", native);
    }

    private IEnumerable<ReportBlock> Tables(ScoringGrid grid)
    {
        if (_tables.Differences(grid, grid.InWords(Settings)) is not { } differences || _tables.Tests(grid, grid.InWords(Settings)) is not { } tests)
            yield break;
        yield return new ReportBlock.Table(differences);
        if (grid == ScoringGrid.Training)
            yield return new ReportBlock.Paragraph(PooledTables.DifferencesLegend, ReportTone.Muted);
        yield return new ReportBlock.Table(tests);
        if (grid == ScoringGrid.Training)
            yield return new ReportBlock.Paragraph(PooledTables.TestsLegend, ReportTone.Muted);
    }

    private IEnumerable<ReportBlock> Scores()
    {
        yield return new ReportBlock.Heading(2, "All scores");
        ScoringGrid[] grids = [.. _results.States.SelectMany(ReportedGrids.Of).Distinct().Order()];
        if (grids.Length == 0)
        {
            yield return new ReportBlock.Paragraph("No run is done yet.", ReportTone.Muted);
            yield break;
        }

        yield return new ReportBlock.Paragraph(
            "For each seed the mean over all its test cases, each of which is in the test set of one fold; then mean and standard deviation of these means. "
                + $"{ReproductionReport.ScoresLegend}",
            ReportTone.Muted);
        foreach (ScoringGrid grid in grids)
        {
            ReportBlock[] tables = [.. BraTSRegions.All.Select(region => new ReportBlock.Table(_tables.Scores(grid, region)))];
            yield return grid == ScoringGrid.Training
                ? new ReportBlock.Heading(3, ReproductionReport.Capitalized(grid.InWords(Settings)))
                : new ReportBlock.Details(ReproductionReport.Capitalized(grid.InWords(Settings)), tables);
            foreach (ReportBlock table in grid == ScoringGrid.Training ? tables : [])
                yield return table;
        }

        if (SameGrids)
            yield return new ReportBlock.Paragraph(ReportedGrids.SameOnBoth, ReportTone.Muted);
    }

    private IEnumerable<ReportBlock> Runs()
    {
        yield return new ReportBlock.Heading(2, "Runs");
        yield return new ReportBlock.Table(_tables.Progress());
        (string Run, string Reason)[] failed =
        [
            .. _results.States.SelectMany(
                state => state.Plan.SelectMany(run => state.Failed.Where(item => item.Run.Id == run.Id)).Select(item => (item.Run.IdWithSeed, item.Reason))),
        ];
        if (failed.Length > 0)
        {
            yield return new ReportBlock.Table(new ReportTable(
                "Runs that failed", [new("Run", IsText: true), new("Reason", IsText: true)],
                [.. failed.Select(item => (ReportCell[])[item.Run, item.Reason])]));
        }

        int open = _results.Plan.Count - _results.States.Sum(state => state.Finished.Count) - failed.Length;
        if (open > 0)
        {
            yield return new ReportBlock.Paragraph(
                string.Create(CultureInfo.InvariantCulture, $"Not done yet, and in none of the figures above: {open} of {_results.Plan.Count} runs."));
        }

        string[] leftOut = [.. _results.States.SelectMany(state => state.LeftOut).Distinct().Except(_rows.Select(row => row.Name))];
        if (leftOut.Length > 0)
            yield return new ReportBlock.Paragraph(ReproductionReport.LeftOut(leftOut), ReportTone.Muted);
        yield return new ReportBlock.Details("Options and seeds", SettingsTables.Of(_results.States[0], _rows, Seeds));
    }
}
