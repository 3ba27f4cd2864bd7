using System.Globalization;
using System.Net;
using System.Reflection;
using System.Text;
using KnowledgeDistillation.Medical;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Samples.BraTS;

/// <summary>All that a demo found out, as one HTML page that needs no other file.</summary>
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

    public void Write(string path) => TextFile.Write(path, ToHtml());

    private string ToHtml() =>
        $"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>KD-Net demo</title>
        <style>{Style()}</style>
        </head>
        <body><main>
        <h1>From several MRI modalities to one</h1>
        <p class="lead">A teacher that sees T1, T1ce, T2 and FLAIR helps a student that sees {ModalityTitles.Of(Modality)} only. The baseline is the same network without help.</p>
        <p class="note">{Html(Data)}: {Split.Training.Count} cases for training, {Split.Validation.Count} for the choice of the best epoch, {Split.Test.Count} for the test that follows. Seed {Settings.Seed}.</p>

        <h2>Overlap with the reference</h2>
        {DiceTable(EmptyRegionConvention.ScoreOne, withPaper: true)}
        <p class="note">Dice in percent, mean ± standard deviation over the test cases; a region that is empty in both reference and prediction counts as 100, one that is empty in one of them as 0. {PaperTable1.Note}</p>
        <h3>The same without the cases that have no such region</h3>
        {DiceTable(EmptyRegionConvention.Skip, withPaper: false)}
        <p class="note">What an empty region counts can move the mean more than the method does, so both are given.</p>

        <h2>What the networks see and say</h2>
        <ul class="legend">{string.Concat(TissueColours.All.Select(tissue => $"<li><i style=\"background:{tissue.Hex}\"></i>{tissue.Name}</li>"))}</ul>
        {string.Concat(Figures.Select(Figure))}
        <p class="note">Axial slices with most tumour in the reference, on the grid of the networks, front on top, the patient's right on the left.</p>

        <h2>How they learnt</h2>
        <div class="charts">{string.Concat(Histories.Select(fit => $"<div><h3>{fit.Key.Title}</h3>{LossChart.Draw(fit.Value)}</div>"))}</div>
        <p class="note">Loss by epoch on a logarithmic scale; the dotted line marks the epoch whose weights were kept. The student's objective is KD + GT + KL (eq. 5), shown weighted, so its height cannot be compared with the others'. {GradientShares()}</p>

        <h2>Details</h2>
        <details><summary>Dice of every test case</summary>{CaseTable()}</details>
        <details><summary>Settings</summary>{SettingsTable()}</details>
        </main></body>
        </html>
        """;

    private string DiceTable(EmptyRegionConvention convention, bool withPaper)
    {
        var html = new StringBuilder("<div class=\"scroll\"><table><thead><tr><th></th>");
        foreach (Region region in BraTSRegions.All)
            html.Append(CultureInfo.InvariantCulture, $"<th>{region.Name}</th>{(withPaper ? $"<th>{region.Name}, paper</th>" : "")}");
        html.Append("</tr></thead><tbody>");
        foreach (SegmentationSystem system in DemoSystems.All)
        {
            html.Append(CultureInfo.InvariantCulture, $"<tr class=\"{system.Name}\"><td>{system.Title}</td>");
            foreach (Region region in BraTSRegions.All)
            {
                MeanAndDeviation dice = DemoTable.Dice(Scores, system, region.Name, convention);
                html.Append(CultureInfo.InvariantCulture, $"<td>{dice.Mean:0.00} <span class=\"sd\">± {dice.StandardDeviation:0.00}</span></td>");
                if (withPaper)
                    html.Append(CultureInfo.InvariantCulture, $"<td class=\"paper\">{PaperTable1.Dice(system, region.Name)}</td>");
            }

            html.Append("</tr>");
        }

        return html.Append("</tbody></table></div>").ToString();
    }

    private static string Figure(ComparisonFigure figure) =>
        $"<h3>{Html(figure.Title)}</h3><div class=\"scroll\"><div class=\"figure\">{string.Concat(figure.Pictures.Select(picture =>
            $"<figure><img alt=\"{Html(picture.Caption)}\" src=\"data:image/png;base64,{Convert.ToBase64String(picture.Png)}\"><figcaption>{Html(picture.Caption)}</figcaption></figure>"))}</div></div>";

    private string GradientShares() =>
        Histories[SegmentationSystems.KDNet].LastOrDefault(report => report.GradientShares is not null) is { GradientShares: { } shares } last
            ? $"In epoch {last.Epoch + 1} the terms' shares of the student's gradient were {string.Join(", ", shares.Select(share => FormattableString.Invariant($"{share.Key} {100 * share.Value:0} %")))}."
            : "";

    private string CaseTable()
    {
        var html = new StringBuilder("<div class=\"scroll\"><table><thead><tr><th>Case</th>");
        foreach (SegmentationSystem system in DemoSystems.All)
            html.Append(string.Concat(BraTSRegions.All.Select(region => $"<th>{system.Title} {region.Name}</th>")));
        html.Append("</tr></thead><tbody>");
        foreach (IGrouping<string, CaseScore> item in Scores.GroupBy(score => score.CaseId))
            html.Append(CultureInfo.InvariantCulture, $"<tr><td>{Html(item.Key)}</td>{string.Concat(item.Select(score => FormattableString.Invariant($"<td>{100 * score.Region.Dice:0.0}</td>")))}</tr>");
        return html.Append("</tbody></table></div>").ToString();
    }

    private string SettingsTable() =>
        $"<div class=\"scroll\"><table><tbody>{string.Concat(typeof(ExperimentSettings).GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(setting =>
            $"<tr><td>{setting.Name}</td><td>{Html(Convert.ToString(setting.GetValue(Settings), CultureInfo.InvariantCulture) ?? "")}</td></tr>"))}</tbody></table></div>";

    private static string Html(string text) => WebUtility.HtmlEncode(text);

    private static string Style()
    {
        using Stream stream = typeof(DemoReport).Assembly.GetManifestResourceStream("report.css")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
