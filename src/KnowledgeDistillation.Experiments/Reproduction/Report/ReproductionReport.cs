using System.Globalization;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Report;
using KnowledgeDistillation.Experiments.Reproduction.Results;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Medical.BraTS;

namespace KnowledgeDistillation.Experiments.Reproduction.Report;

/// <summary>
/// All that a reproduction has found out so far, beside what the paper found, as report.html (one file) and as report.md (pictures in report-files).
/// </summary>
internal sealed class ReproductionReport
{

    /// <summary>How the columns of the scores are to be read.</summary>
    public const string ScoresLegend =
        "\"Empty = 100\": a region that is empty in both reference and prediction counts as 100, one that is empty in one of them as 0. "
            + "\"Empty left out\": cases whose reference has no such region are not counted. HD95 is the 95th percentile of the distance between the surfaces; "
            + "cases in which either surface is missing are not counted, so it flatters a network that finds nothing. "
            + "Where cases are not counted, the number that is stands in brackets.";

    private readonly ReproductionState _state;
    private readonly IReadOnlyList<ReproductionRow> _rows;
    private readonly ReproductionResults _results;
    private readonly ReproductionTables _tables;

    private ReproductionReport(ReproductionState state)
    {
        _state = state;
        _rows = ReproductionRow.Of(state);
        _results = ReproductionResults.Of(state);
        _tables = new ReproductionTables(_results, _rows);
    }

    /// <summary>Writes both forms of the report; the same state gives the same files.</summary>
    /// <param name="state">How far the reproduction is; anything from nothing to all may be done.</param>
    /// <param name="folder">Where the files go.</param>
    /// <param name="pictures">Where the slices come from; null for a report without them.</param>
    public static void Write(ReproductionState state, string folder, ReproductionPictures? pictures = null)
    {
        ReportDocument document = new ReproductionReport(state).Document(pictures);
        HtmlReport.Write(document, Path.Combine(folder, ReproductionFolder.HtmlName));
        MarkdownReport.Write(document, Path.Combine(folder, ReproductionFolder.MarkdownName));
    }

    private ReportDocument Document(ReproductionPictures? pictures) => new("Does a teacher with four MRI modalities help a student with one?",
    [
        .. Introduction(),
        .. new Answer(_state, _results, _rows).Blocks(),
        .. Paper(),
        .. Comparisons(),
        .. Boxes(),
        .. Slices(pictures),
        .. Curves(),
        .. Scores(),
        .. Runs(),
    ]);

    private IEnumerable<ReportBlock> Introduction()
    {
        yield return new ReportBlock.Paragraph(
            "KD-Net (Hu, Maillard et al., MICCAI 2020) reproduced: a teacher that sees T1, T1ce, T2 and FLAIR helps to train a student that sees T1ce only; "
                + "the baseline is the same network without help.",
            ReportTone.Lead);
        string data = _state.IsOfPhantoms() ? string.Create(
            CultureInfo.InvariantCulture, $"{_state.Settings.PhantomCases} phantoms (made-up patients) of {_state.Settings.PhantomEdge}³ voxels") : _state.Data;
        yield return new ReportBlock.Paragraph(string.Create(CultureInfo.InvariantCulture,
            $"Data: {data}. {_state.Settings.Folds} folds, seed {_state.Settings.Seed}, {_state.Settings.Training.Epochs} epochs. {_state.Finished.Count} of "
                + $"{_state.Plan.Count} runs are done{(_state.Failed.Count > 0 ? $", {_state.Failed.Count} failed" : "")}."), ReportTone.Muted);
    }

    private IEnumerable<ReportBlock> Paper()
    {
        yield return new ReportBlock.Heading(2, "Beside the paper");
        yield return new ReportBlock.Table(_tables.Table1());
        yield return new ReportBlock.Bullets(PaperCaveats.Of(_state), ReportTone.Muted);
        yield return new ReportBlock.Table(_tables.Table2());
        yield return new ReportBlock.Paragraph(
            "The caveats above hold for both tables. Loss: GT is the reference's loss (eq. 4), KD that of the teacher's soft targets (eq. "
                + "2), KL that of the bottlenecks (eq. 3).",
            ReportTone.Muted);
        if (_tables.Others() is { } others)
            yield return new ReportBlock.Table(others);
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
        yield return new ReportBlock.Paragraph(
            "Mean difference on the grid of the networks with its 95 % interval. Filled and colored: a gain (blue) or a loss (orange) by the rule above; "
                + "hollow and gray: cannot tell. An interval alone is not corrected for the number of comparisons, so one that leaves out 0 may still be gray.",
            ReportTone.Muted);
        if (tables.Table(ScoringGrid.Training, ScoringGrid.Training.InWords(_state.Settings)) is { } training)
            yield return new ReportBlock.Table(training);
        yield return new ReportBlock.Paragraph(ComparisonTables.Legend, ReportTone.Muted);
        if (!ReportedGrids.AreTheSame(_state) && tables.Table(ScoringGrid.Native, ScoringGrid.Native.InWords(_state.Settings)) is { } native)
            yield return new ReportBlock.Details("The same in native space", [new ReportBlock.Table(native)]);
    }

    private IEnumerable<ReportBlock> Scores()
    {
        yield return new ReportBlock.Heading(2, "All scores");
        IReadOnlyList<ScoringGrid> grids = ReportedGrids.Of(_state);
        if (grids.Count == 0)
        {
            yield return new ReportBlock.Paragraph("No run is done yet.", ReportTone.Muted);
            yield break;
        }

        yield return new ReportBlock.Paragraph(ScoresLegend, ReportTone.Muted);
        foreach (ScoringGrid grid in grids)
        {
            yield return new ReportBlock.Heading(3, Capitalized(grid.InWords(_state.Settings)));
            foreach (Region region in BraTSRegions.All)
                yield return new ReportBlock.Table(_tables.Scores(grid, region));
        }

        if (ReportedGrids.AreTheSame(_state))
            yield return new ReportBlock.Paragraph(ReportedGrids.SameOnBoth, ReportTone.Muted);
    }

    private IEnumerable<ReportBlock> Boxes()
    {
        ReproductionRow[] scored = [.. _rows.Where(row => row.Finished.Count > 0)];
        if (scored.Length == 0)
            yield break;
        yield return new ReportBlock.Heading(2, "Dice of every test case");
        yield return new ReportBlock.Charts([.. BraTSRegions.All.Select(region => BoxPlot.Draw(
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
            + $"student ({student.Label}) over the three regions.");
        yield return new ReportBlock.Legend(TissueColors.Legend);
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
        yield return new ReportBlock.Table(_tables.Progress(_state));
        if (_state.Failed.Count > 0)
        {
            yield return new ReportBlock.Table(new ReportTable("Runs that failed", [new("Run", IsText: true), new("Reason", IsText: true)],
                [
                    .. _state.Plan.SelectMany(planned => _state.Failed.Where(run => run.Run.Id == planned.Id))
                        .Select(run => (ReportCell[])[run.Run.Id, run.Reason]),
                ]));
        }

        int open = _state.Plan.Count(planned => _state.Finished.All(run => run.Run.Id != planned.Id) && _state.Failed.All(run => run.Run.Id != planned.Id));
        yield return new ReportBlock.Paragraph(
            open > 0 ? string.Create(CultureInfo.InvariantCulture, $"Not done yet, and in none of the figures above: {open} of {_state.Plan.Count} runs.")
            : _state.Failed.Count > 0 ? "Every other run that was planned is done."
            : _state.Plan.Count > 0 ? "Every run that was planned is done; none failed." : "No run is planned.");
        if (_state.LeftOut.Count > 0)
            yield return new ReportBlock.Paragraph(LeftOut(_state.LeftOut), ReportTone.Muted);
        yield return new ReportBlock.Details("Versions, machine and time", RunFactsTables.Of(_state));
        yield return new ReportBlock.Details("Options and seed", SettingsTables.Of(_state, _rows));
    }

    /// <summary>The students of the full method, that of the paper's Table 1 first.</summary>
    private IEnumerable<ReproductionRow> Students() =>
        _rows.Where(row => row.System == SegmentationSystems.KDNet).OrderBy(row => row.Paper is null ? 2 : row.HasAllSkipConnections ? 0 : 1);

    /// <summary>Says which rows nobody asked for.</summary>
    public static string LeftOut(IReadOnlyList<string> rows) => $"Left out by choice, so that nothing is said of it: {string.Join(", ", rows)}.";

    /// <summary>With a capital letter at its beginning.</summary>
    public static string Capitalized(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
