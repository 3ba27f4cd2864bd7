using System.Globalization;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Report;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Samples.BraTS.Demonstration;

/// <summary>The result of a demo as one HTML page that needs no other file.</summary>
internal sealed record DemoReport
{
    public required ExperimentSettings Settings { get; init; }

    /// <summary>Where the cases come from.</summary>
    public required string Data { get; init; }

    public required CaseSplit Split { get; init; }

    public required IReadOnlyList<CaseScore> Scores { get; init; }

    public required IReadOnlyDictionary<SegmentationSystem, IReadOnlyList<EpochReport>> Histories { get; init; }

    public required IReadOnlyList<ComparisonFigure> Figures { get; init; }

    public required string Modality { get; init; }

    public void Write(string path) => HtmlReport.Write(Document(), path);

    private ReportDocument Document() => new("From several MRI modalities to one",
    [
        new ReportBlock.Paragraph(
            $"A teacher that sees T1, T1ce, T2 and FLAIR helps a student that sees {BraTSModality.Title(Modality)} only. "
                + "The baseline is the same network without help.",
            ReportTone.Lead),
        new ReportBlock.Paragraph(
            $"{Data}: {Split.Training.Count} cases for training, {Split.Validation.Count} for the choice of the best epoch, "
                + $"{Split.Test.Count} for the test that follows. Seed {Settings.Seed}.",
            ReportTone.Muted),

        new ReportBlock.Heading(2, "Overlap with the reference"),
        new ReportBlock.Table(DiceTable("Dice in percent, mean ± standard deviation over the test cases", EmptyRegionConvention.ScoreOne, withPaper: true)),
        new ReportBlock.Paragraph(
            $"A region that is empty in both reference and prediction counts as 100, one that is empty in one of them as 0. {PaperFigures.Note}",
            ReportTone.Muted),
        new ReportBlock.Table(DiceTable("The same without the cases that have no such region", EmptyRegionConvention.Skip, withPaper: false)),
        new ReportBlock.Paragraph("How an empty region counts can move the mean more than the method does, so both are given.", ReportTone.Muted),

        new ReportBlock.Heading(2, "What the networks see and say"),
        new ReportBlock.Legend(TissueColors.Legend),
        .. Figures.Select(figure => new ReportBlock.Pictures(figure)),
        new ReportBlock.Paragraph(ComparisonFigure.Note, ReportTone.Muted),

        new ReportBlock.Heading(2, "How they learned"),
        new ReportBlock.Charts([.. Histories.Select(fit => LossChart.Draw(fit.Key.Title, fit.Value))]),
        new ReportBlock.Paragraph(
            $"{LossChart.Legend} The student's objective is KD + GT + KL (eq. 5), so its height cannot be compared with the others'. {GradientShares()}",
            ReportTone.Muted),

        new ReportBlock.Heading(2, "Details"),
        new ReportBlock.Details("Dice of every test case", [new ReportBlock.Table(CaseTable())]),
        new ReportBlock.Details(
            "Settings", [new ReportBlock.Table(new ReportTable(
                "All settings", [new("Setting", IsText: true), new("Value", IsText: true)],
                [.. SettingsRows.Of(Settings).Select(setting => new ReportCell[] { SettingsRows.InWords(setting.Name), setting.Value })]))]),
    ]);

    private ReportTable DiceTable(string caption, EmptyRegionConvention convention, bool withPaper) => new(
        caption,
        [
            new("Network", IsText: true),
            .. BraTSRegions.All.SelectMany(region => withPaper ? new ReportColumn[] { region.Name, $"{region.Name}, paper" } : [region.Name]),
        ],
        [
            .. DemoSystems.All.Select(system => (ReportCell[])
            [
                new(system.Title, system == SegmentationSystems.KDNet ? ReportTone.Strong : ReportTone.Plain),
                .. BraTSRegions.All.SelectMany(region => Cells(system, region.Name, convention, withPaper)),
            ]),
        ]);

    private IEnumerable<ReportCell> Cells(SegmentationSystem system, string region, EmptyRegionConvention convention, bool withPaper)
    {
        yield return DemoTable.Text(DemoTable.Dice(Scores, system, region, convention));
        if (withPaper)
            yield return new ReportCell(PaperFigures.Find(system.Name, skipConnections: 4).Text(region), ReportTone.Muted);
    }

    private string GradientShares() =>
        Histories[SegmentationSystems.KDNet].LastOrDefault(report => report.GradientShares is not null) is { GradientShares: { } shares } last
            ? $"In epoch {last.Epoch + 1} the terms' shares of the student's gradient were "
                + $"{string.Join(", ", shares.Select(share => FormattableString.Invariant($"{share.Key} {100 * share.Value:0} %")))}."
            : "";

    private ReportTable CaseTable() => new(
        "Dice in percent",
        [new("Case", IsText: true), .. DemoSystems.All.SelectMany(system => BraTSRegions.All.Select(region => (ReportColumn)$"{system.Title} {region.Name}"))],
        [
            .. Scores.GroupBy(score => score.CaseId).Select(item =>
                (ReportCell[])[item.Key, .. item.Select(score => (ReportCell)string.Create(CultureInfo.InvariantCulture, $"{100 * score.Region.Dice:0.0}"))]),
        ]);
}
