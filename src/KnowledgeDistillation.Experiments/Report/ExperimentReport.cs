using System.Globalization;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Statistics;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Experiments.Report;

/// <summary>All that an experiment found out, as one HTML page that needs no other file.</summary>
internal sealed record ExperimentReport
{
    public required ExperimentSettings Settings { get; init; }

    /// <summary>The cases and their parts in words.</summary>
    public required string Cases { get; init; }

    /// <summary>The systems that were trained, in the order of the tables.</summary>
    public required IReadOnlyList<SegmentationSystem> Systems { get; init; }

    public required IReadOnlyList<CaseScore> Scores { get; init; }

    /// <summary>The fits of the systems: a title with what happened in each epoch.</summary>
    public required IReadOnlyList<(string Title, IReadOnlyList<EpochReport> History)> Fits { get; init; }

    public required IReadOnlyList<ComparisonFigure> Figures { get; init; }

    public required string Modality { get; init; }

    public void Write(string path) => HtmlReport.Write(Document(), path);

    private ReportDocument Document() => new("From several modalities to one",
    [
        new ReportBlock.Paragraph(Introduction(), ReportTone.Lead),
        new ReportBlock.Paragraph(FormattableString.Invariant($"{Cases} Seed {Settings.Seed}."), ReportTone.Muted),

        new ReportBlock.Heading(2, "Overlap with the reference"),
        new ReportBlock.Table(
            DiceTable("Dice in percent, mean ± standard deviation over the test cases", EmptyRegionConvention.ScoreOne, PaperFigures.AreFor(Settings.Data))),
        new ReportBlock.Paragraph(
            $"A region that is empty in both reference and prediction counts as 100, one that is empty in one of them as 0."
                + (PaperFigures.AreFor(Settings.Data) ? $" {PaperFigures.Note}" : ""),
            ReportTone.Muted),
        new ReportBlock.Table(DiceTable("The same without the cases that have no such region", EmptyRegionConvention.Skip, withPaper: false)),
        new ReportBlock.Paragraph(
            PaperFigures.AreFor(Settings.Data) ? $"{PaperFigures.Regions} {PaperFigures.OneSeed}" : PaperFigures.OneSeed, ReportTone.Muted),
        new ReportBlock.Paragraph("How an empty region counts can move the mean more than the method does, so both are given.", ReportTone.Muted),

        new ReportBlock.Heading(2, "What the networks see and say"),
        new ReportBlock.Legend(TissueColors.LegendOf(Settings.Data.Labels)),
        .. Figures.Select(figure => new ReportBlock.Pictures(figure)),
        new ReportBlock.Paragraph(ComparisonFigure.Note, ReportTone.Muted),

        new ReportBlock.Heading(2, "How they learned"),
        new ReportBlock.Charts([.. Fits.Select(fit => LossChart.Draw(fit.Title, fit.History))]),
        new ReportBlock.Paragraph(
            $"{LossChart.Legend} Objectives of different terms cannot be compared by their height. "
                + $"{string.Join(" ", Fits.Select(GradientShares).OfType<string>())}",
            ReportTone.Muted),

        new ReportBlock.Heading(2, "Details"),
        new ReportBlock.Details("Dice of every test case", [new ReportBlock.Table(CaseTable())]),
        new ReportBlock.Details(
            "Settings", [new ReportBlock.Table(new ReportTable(
                "All settings", [new("Setting", IsText: true), new("Value", IsText: true)],
                [.. SettingsRows.Of(Settings).Select(setting => new ReportCell[] { SettingsRows.InWords(setting.Name), setting.Value })]))]),
    ]);

    private string Introduction()
    {
        string modality = BraTSModality.Title(Modality);
        string baseline = Systems.Contains(SegmentationSystems.Baseline) ? " The baseline is the same network without help." : "";
        return Systems.Any(system => system.IsTaught)
            ? $"A teacher that sees {TrainingText.List(Settings.Modalities.Select(BraTSModality.Title))} helps a student that sees {modality} only.{baseline}"
            : $"Networks for the case that {modality} alone is at hand, on the same cases.{baseline}";
    }

    private ReportTable DiceTable(string caption, EmptyRegionConvention convention, bool withPaper) => new(
        caption,
        [
            new("Network", IsText: true),
            .. Settings.Data.Regions.SelectMany(region => withPaper ? new ReportColumn[] { region.Name, $"{region.Name}, paper" } : [region.Name]),
        ],
        [
            .. Systems.Select(system => (ReportCell[])
            [
                new(system.Title, system == SegmentationSystems.KDNet ? ReportTone.Strong : ReportTone.Plain),
                .. Settings.Data.Regions.SelectMany(region => Cells(system, region.Name, convention, withPaper)),
            ]),
        ]);

    private IEnumerable<ReportCell> Cells(SegmentationSystem system, string region, EmptyRegionConvention convention, bool withPaper)
    {
        var dice = MeanAndDeviation.Of(
            Scores.Where(score => score.Network == system.Title && score.Region.Region == region).Select(score => 100 * score.Region.Overlap.Dice(convention)));
        yield return string.Create(CultureInfo.InvariantCulture, $"{dice.Mean:0.00} ± {dice.StandardDeviation:0.00}");
        if (withPaper)
            yield return new ReportCell(PaperFigures.OfSystem(system.Name)?.Text(region) ?? "", ReportTone.Muted);
    }

    private static string? GradientShares((string Title, IReadOnlyList<EpochReport> History) fit) =>
        fit.History.LastOrDefault(report => report.GradientShares is { Count: > 1 }) is { GradientShares: { } shares } last
            ? FormattableString.Invariant($"{fit.Title}: in epoch {last.Epoch + 1} the terms' shares of the gradient were ")
                + $"{string.Join(", ", shares.Select(share => FormattableString.Invariant($"{share.Key} {100 * share.Value:0} %")))}."
            : null;

    private ReportTable CaseTable() => new(
        "Dice in percent",
        [new("Case", IsText: true), .. Systems.SelectMany(system => Settings.Data.Regions.Select(region => (ReportColumn)$"{system.Title} {region.Name}"))],
        [
            .. Scores.GroupBy(score => score.CaseId).Select(item => (ReportCell[])
            [
                item.Key,
                .. from system in Systems
                   from region in Settings.Data.Regions
                   let score = item.First(score => score.Network == system.Title && score.Region.Region == region.Name)
                   select (ReportCell)string.Create(CultureInfo.InvariantCulture, $"{100 * score.Region.Dice:0.0}"),
            ]),
        ]);
}
