using System.Globalization;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Report;
using KnowledgeDistillation.Experiments.Reproduction.Results;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Medical.BraTS;

namespace KnowledgeDistillation.Experiments.Reproduction.Report;

/// <summary>
/// All that a reproduction has found out so far, with one or several seeds, beside what the paper found, as report.html (one file) and as report.md
/// (pictures in report-files).
/// </summary>
internal sealed class ReproductionReport
{
    // How the columns of the scores are to be read.
    private const string ScoresLegend =
        "\"Empty = 100\": a region that is empty in both reference and prediction counts as 100, one that is empty in one of them as 0. "
            + "\"Empty left out\": cases whose reference has no such region are not counted. HD95 is the 95th percentile of the distance between the surfaces; "
            + "cases in which either surface is missing are not counted, so it flatters a network that finds nothing. "
            + "Volume ratio: predicted over reference volume, more than 1 where a network marks too much; cases without the region in the reference count "
            + "only where it is not predicted either. "
            + "Where cases are not counted, the number that is stands in brackets.";

    private readonly ReproductionResults _results;
    private readonly IReadOnlyList<ReproductionState> _states;
    private readonly IReadOnlyList<ReproductionRow> _rows;
    private readonly ReproductionTables _tables;

    private ReproductionReport(ReproductionResults results)
    {
        _results = results;
        _states = results.States;
        _rows = ReproductionRow.Of(_states);
        _tables = new ReproductionTables(results, _rows);
    }

    private ExperimentSettings Settings => _states[0].Settings;

    private bool HasOneSeed => _states.Count == 1;

    private bool SameGrids => ReportedGrids.AreTheSame(_states[0]);

    /// <summary>Writes both forms of the report; the same results give the same files.</summary>
    /// <param name="results">How far the reproduction is; anything from nothing to all may be done.</param>
    /// <param name="folder">Where the files go. With several seeds, the reports of the single ones are below it (<see cref="SeedsFolder"/>).</param>
    /// <param name="pictures">Where the slices of a single seed come from; null for a report without them.</param>
    public static void Write(ReproductionResults results, string folder, ReproductionPictures? pictures = null)
    {
        ReportDocument document = new ReproductionReport(results).Document(pictures);
        HtmlReport.Write(document, Path.Combine(folder, ReproductionFolder.HtmlName));
        MarkdownReport.Write(document, Path.Combine(folder, ReproductionFolder.MarkdownName));
    }

    private string Title => PaperFigures.AreFor(Settings.Data)
        ? "Does a teacher with four MRI modalities help a student with one?"
        : "Does a teacher with several modalities help a student with one?";

    private ReportDocument Document(ReproductionPictures? pictures) => new(Title,
    [
        .. Introduction(),
        .. new Reproduced(_results, _rows).Blocks(),
        .. new Answer(_results, _rows).Blocks(),
        .. Paper(),
        .. Comparisons(),
        .. HasOneSeed ? (IEnumerable<ReportBlock>)[.. Boxes(), .. Slices(pictures), .. Curves()] : [],
        .. Scores(),
        .. Runs(),
    ]);

    private IEnumerable<ReportBlock> Introduction()
    {
        yield return new ReportBlock.Paragraph(
            $"KD-Net (Hu, Maillard et al., MICCAI 2020) {(PaperFigures.AreFor(Settings.Data) ? "reproduced" : "on another data set")}"
                + $"{(HasOneSeed ? "" : " with several seeds")}: a teacher that sees {TrainingText.List(Settings.Modalities.Select(BraTSModality.Title))} "
                + $"helps to train a student that sees {BraTSModality.Title(Settings.StudentModality)} only; the baseline is the same network without help.",
            ReportTone.Lead);
        int done = _states.Sum(state => state.Finished.Count), failed = _states.Sum(state => state.Failed.Count);
        string seeds = TrainingText.List(_states.Select(state => state.Settings.Seed.ToString(CultureInfo.InvariantCulture)));
        yield return new ReportBlock.Paragraph(string.Create(CultureInfo.InvariantCulture,
            $"Data: {Data()}. {(HasOneSeed ? "Seed" : $"{_states.Count} seeds:")} {seeds}. {Settings.Folds} folds, {Settings.Training.Epochs} epochs. "
                + $"{done} of {_results.Plan.Count} runs are done{(failed > 0 ? $", {failed} failed" : "")}."), ReportTone.Muted);
        if (HasOneSeed)
            yield break;
        yield return new ReportBlock.Paragraph("The report of each seed has every case, slices and learning curves:");
        yield return new ReportBlock.Links([.. _states.Select(state =>
            (FormattableString.Invariant($"Seed {state.Settings.Seed}"), $"{SeedsFolder.NameOf(state.Settings.Seed)}/{ReproductionFolder.HtmlName}"))]);
    }

    private string Data()
    {
        if (!_states[0].IsOfPhantoms())
            return _states[0].Data + (HasOneSeed ? "" : ", the same patients with each seed");
        if (!HasOneSeed && _results.SharesCases)
            return "phantoms (made-up patients), the same with each seed";
        return string.Create(CultureInfo.InvariantCulture, $"{Settings.PhantomCases} phantoms (made-up patients) of {Settings.PhantomEdge}³ voxels")
            + (HasOneSeed ? "" : " with each seed, other ones each time");
    }

    private IEnumerable<ReportBlock> Paper()
    {
        if (!PaperFigures.AreFor(Settings.Data))
        {
            yield return new ReportBlock.Heading(2, "Dice of all systems");
            if (_tables.Others() is { } all)
                yield return new ReportBlock.Table(all);
            yield break;
        }

        yield return new ReportBlock.Heading(2, "Beside the paper");
        yield return new ReportBlock.Table(_tables.Table1());
        yield return new ReportBlock.Bullets(PaperCaveats.Of(_states), ReportTone.Muted);
        yield return new ReportBlock.Table(_tables.Table2());
        yield return new ReportBlock.Paragraph(
            "The caveats above hold for both tables. Loss: GT is the reference's loss (eq. 4), KD that of the teacher's soft targets (eq. "
                + "2), KL that of the bottlenecks (eq. 3).",
            ReportTone.Muted);
        if (_tables.Others() is { } others)
            yield return new ReportBlock.Table(others);
        if (_rows.Any(row => row.Paper is null && row.Published is not null))
            yield return new ReportBlock.Paragraph(PublishedScores.Note, ReportTone.Muted);
    }

    private IEnumerable<ReportBlock> Comparisons()
    {
        var tables = new ComparisonTables(_results, _rows);
        yield return new ReportBlock.Heading(2, "Students against their baselines");
        if (_results.Comparisons.Count == 0)
        {
            yield return new ReportBlock.Paragraph("No fold is done with both a student and its baseline.", ReportTone.Muted);
            yield break;
        }

        yield return new ReportBlock.Charts(tables.Charts(ScoringGrid.Training));
        yield return new ReportBlock.Paragraph(tables.ChartsLegend, ReportTone.Muted);
        foreach (ReportBlock block in Tables(ScoringGrid.Training))
            yield return block;
        ReportBlock[] native = SameGrids ? [] : [.. Tables(ScoringGrid.Native)];
        if (native.Length > 0)
            yield return new ReportBlock.Details("The same in native space", native);

        IEnumerable<ReportBlock> Tables(ScoringGrid grid)
        {
            (ReportTable? Table, string Legend)[] shown =
            [
                (tables.Differences(grid, grid.InWords(Settings)), ComparisonTables.DifferencesLegend),
                (tables.Tests(grid, grid.InWords(Settings)), ComparisonTables.TestsLegend),
            ];
            foreach ((ReportTable? table, string legend) in shown)
            {
                if (table is null)
                    continue;
                yield return new ReportBlock.Table(table);
                if (grid == ScoringGrid.Training)
                    yield return new ReportBlock.Paragraph(legend, ReportTone.Muted);
            }
        }
    }

    private IEnumerable<ReportBlock> Scores()
    {
        yield return new ReportBlock.Heading(2, "All scores");
        ScoringGrid[] grids = [.. _states.SelectMany(ReportedGrids.Of).Distinct().Order()];
        if (grids.Length == 0)
        {
            yield return new ReportBlock.Paragraph("No run is done yet.", ReportTone.Muted);
            yield break;
        }

        string over = HasOneSeed ? ""
            : "For each seed the mean over all its test cases, each of which is in the test set of one fold; then mean and standard deviation of these means. ";
        yield return new ReportBlock.Paragraph($"{over}{ScoresLegend}", ReportTone.Muted);
        foreach (ScoringGrid grid in grids)
        {
            ReportBlock[] tables = [.. _results.Regions.Select(region => new ReportBlock.Table(_tables.Scores(grid, region)))];
            if (grid != ScoringGrid.Training)
            {
                yield return new ReportBlock.Details(Capitalized(grid.InWords(Settings)), tables);
                continue;
            }

            yield return new ReportBlock.Heading(3, Capitalized(grid.InWords(Settings)));
            foreach (ReportBlock table in tables)
                yield return table;
        }

        if (SameGrids)
            yield return new ReportBlock.Paragraph(ReportedGrids.SameOnBoth, ReportTone.Muted);
    }

    private IEnumerable<ReportBlock> Boxes()
    {
        ReproductionRow[] scored = [.. _rows.Where(row => row.Finished.Count > 0)];
        if (scored.Length == 0)
            yield break;
        yield return new ReportBlock.Heading(2, "Dice of every test case");
        yield return new ReportBlock.Charts([.. _results.Regions.Select(region => BoxPlot.Draw(
            RegionTitles.Of(region.Name),
            [
                .. scored.Select(row => new BoxPlotGroup(
                    row.Label, row.Style, [.. row.Scores(ScoringGrid.Training, region.Name).Select(score => (score.CaseId, 100 * score.Region.Dice))
                        .Where(value => !double.IsNaN(value.Item2))])),
            ],
            "Dice in percent"))]);
        yield return new ReportBlock.Paragraph(
            $"{BoxPlot.Legend} On the grid of the networks; empty regions count as in the tables beside the paper. "
                + "Blue: baselines, orange: students with a teacher, green: teachers, gray: others.",
            ReportTone.Muted);
    }

    private IEnumerable<ReportBlock> Slices(ReproductionPictures? pictures)
    {
        if (pictures is null || Students().FirstOrDefault(row => row.Finished.Count > 0) is not { } student)
            yield break;
        IReadOnlyList<ReportBlock> figures = new CaseFigures(_rows, student, pictures).Draw();
        if (figures.Count == 0)
            yield break;
        yield return new ReportBlock.Heading(2, "What the networks see and say");
        yield return new ReportBlock.Paragraph("As in the paper's Figure 2: the best, the median and the worst of all test cases by the mean Dice of the "
            + $"student ({student.Label}) over all regions.");
        yield return new ReportBlock.Legend(TissueColors.LegendOf(Settings.Data.Labels));
        foreach (ReportBlock figure in figures)
            yield return figure;
        yield return new ReportBlock.Paragraph(ComparisonFigure.Note, ReportTone.Muted);
    }

    private IEnumerable<ReportBlock> Curves()
    {
        ReproductionRow[] learned = [.. _rows.Where(row => row.Finished.Any(run => run.History.Count > 0))];
        if (learned.Length == 0)
            yield break;
        yield return new ReportBlock.Heading(2, "How they learned");
        yield return new ReportBlock.Paragraph($"{LossChart.Legend} Objectives of different terms cannot be compared by their height.", ReportTone.Muted);
        yield return new ReportBlock.Charts(
        [
            .. learned.SelectMany(row => row.Finished
                .Where(run => run.History.Count > 0)
                .Select(run => LossChart.Draw(string.Create(CultureInfo.InvariantCulture, $"{row.Label}, fold {run.Run.Settings.Fold}"), run.History))),
        ]);
    }

    private IEnumerable<ReportBlock> Runs()
    {
        yield return new ReportBlock.Heading(2, "Runs");
        yield return new ReportBlock.Table(_tables.Progress());
        FailedRun[] failed = [.. _states.SelectMany(state => state.Plan.SelectMany(run => state.Failed.Where(item => item.Run.Id == run.Id)))];
        if (failed.Length > 0)
        {
            yield return new ReportBlock.Table(new ReportTable("Runs that failed", [new("Run", IsText: true), new("Reason", IsText: true)],
                [.. failed.Select(item => (ReportCell[])[HasOneSeed ? item.Run.Id : item.Run.IdWithSeed, item.Reason])]));
        }

        int planned = _results.Plan.Count, open = planned - _results.Runs.Count - failed.Length;
        yield return new ReportBlock.Paragraph(
            open > 0 ? string.Create(CultureInfo.InvariantCulture, $"Not done yet, and in none of the figures above: {open} of {planned} runs.")
            : failed.Length > 0 ? "Every other run that was planned is done."
            : planned > 0 ? "Every run that was planned is done; none failed." : "No run is planned.");
        string[] leftOut = [.. _states.SelectMany(state => state.LeftOut).Distinct().Except(_rows.Select(row => row.Name))];
        if (leftOut.Length > 0)
            yield return new ReportBlock.Paragraph($"Left out by choice, so that nothing is said of it: {string.Join(", ", leftOut)}.", ReportTone.Muted);
        if (HasOneSeed)
            yield return new ReportBlock.Details("Versions, machine and time", RunFactsTables.Of(_states[0]));
        yield return new ReportBlock.Details(HasOneSeed ? "Options and seed" : "Options and seeds", SettingsTables.Of(_states, _rows));
    }

    /// <summary>The students of the full method, that of the paper's Table 1 first.</summary>
    private IEnumerable<ReproductionRow> Students() =>
        _rows.Where(row => row.System == SegmentationSystems.KDNet).OrderBy(row => row.Paper is null ? 2 : row.HasAllSkipConnections ? 0 : 1);

    private static string Capitalized(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
