using System.Globalization;
using System.Text;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Experiments.Report;

/// <summary>Writes a report as one HTML page that needs no other file, is well-formed XML, and follows the reader's choice of light or dark.</summary>
internal static class HtmlReport
{
    // Longer texts are broken into lines; shorter ones would only make rows uneven.
    private const int LongestLine = 40;

    public static void Write(ReportDocument report, string path) => AtomicFile.WriteText(path, Render(report));

    public static string Render(ReportDocument report)
    {
        var html = new StringBuilder();
        html.Append(
            $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <title>{Xml.Escape(report.Title)}</title>
            <style>
            {EmbeddedText.Read("chart.css")}{EmbeddedText.Read("report.css")}</style>
            </head>
            <body><main>
            <h1>{Xml.Escape(report.Title)}</h1>

            """);
        foreach (ReportBlock block in report.Blocks)
            Append(html, block);
        return html.Append("</main></body>\n</html>\n").ToString();
    }

    private static void Append(StringBuilder html, ReportBlock block)
    {
        switch (block)
        {
            case ReportBlock.Heading heading:
                html.Append(CultureInfo.InvariantCulture, $"<h{heading.Level}>{Xml.Escape(heading.Text)}</h{heading.Level}>\n");
                break;
            case ReportBlock.Paragraph paragraph:
                html.Append(CultureInfo.InvariantCulture, $"<p{Class(paragraph.Tone)}>{Xml.Escape(paragraph.Text)}</p>\n");
                break;
            case ReportBlock.Bullets bullets:
                html.Append(CultureInfo.InvariantCulture,
                    $"<ul{Class(bullets.Tone)}>{string.Concat(bullets.Items.Select(item => $"<li>{Xml.Escape(item)}</li>"))}</ul>\n");
                break;
            case ReportBlock.Findings findings:
                html.Append(
                    CultureInfo.InvariantCulture, $"<ul class=\"findings\">{string.Concat(findings.Items.Select(item => $"<li>{Finding(item)}</li>"))}</ul>\n");
                break;
            case ReportBlock.Table table:
                Append(html, table.Content);
                break;
            case ReportBlock.Charts charts:
                html.Append(CultureInfo.InvariantCulture,
                    $"<div class=\"charts\">"
                    + $"{string.Concat(charts.Items.Select(Figure))}</div>\n");
                break;
            case ReportBlock.Pictures pictures:
                Append(html, pictures.Figure);
                break;
            case ReportBlock.Legend legend:
                html.Append(CultureInfo.InvariantCulture,
                    $"<ul class=\"legend\">"
                    + $"{string.Concat(legend.Colors.Select(color => $"<li><i style=\"background:{color.Hex}\"></i>{Xml.Escape(color.Name)}</li>"))}</ul>\n");
                break;
            case ReportBlock.Links links:
                html.Append(CultureInfo.InvariantCulture,
                    $"<ul class=\"links\">"
                    + $"{string.Concat(links.Items.Select(link => $"<li><a href=\"{Xml.Escape(link.Address)}\">{Xml.Escape(link.Text)}</a></li>"))}</ul>\n");
                break;
            case ReportBlock.Details details:
                html.Append(CultureInfo.InvariantCulture, $"<details><summary>{Xml.Escape(details.Summary)}</summary>\n");
                foreach (ReportBlock inner in details.Blocks)
                    Append(html, inner);
                html.Append("</details>\n");
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(block), block, "This part of a report cannot be written as HTML.");
        }
    }

    // What is wider than a phone can be scrolled, also by keyboard.
    private static void Append(StringBuilder html, ReportTable table)
    {
        html.Append(CultureInfo.InvariantCulture,
            $"<div class=\"scroll\" role=\"region\" tabindex=\"0\" "
            + $"aria-label=\"{Xml.Escape(table.Caption)}\"><table><caption><span>{Xml.Escape(table.Caption)}</span></caption>\n<thead><tr>");
        foreach (ReportColumn column in table.Columns)
            html.Append(CultureInfo.InvariantCulture, $"<th scope=\"col\"{(column.IsText ? " class=\"text\"" : "")}>{Xml.Escape(column.Title)}</th>");
        html.Append("</tr></thead>\n<tbody>\n");
        foreach (IReadOnlyList<ReportCell> row in table.Rows)
        {
            html.Append("<tr>");
            for (int i = 0; i < row.Count; i++)
            {
                string classes = string.Join(
                    ' ', new[]
                    {
                        table.Columns[i].IsText ? "text" : "",
                        row[i].Text.Length > LongestLine && table.Columns[i].IsText ? "prose" : "",
                        Name(row[i].Tone),
                    }.Where(name => name.Length > 0));
                string attribute = classes.Length == 0 ? "" : $" class=\"{classes}\"";
                html.Append(i == 0 ? $"<th scope=\"row\"{attribute}>{Xml.Escape(row[i].Text)}</th>" : $"<td{attribute}>{Number(row[i].Text)}</td>");
            }

            html.Append("</tr>\n");
        }

        html.Append("</tbody></table></div>\n");
    }

    private static void Append(StringBuilder html, ComparisonFigure figure)
    {
        html.Append(CultureInfo.InvariantCulture,
            $"<section class=\"case\"><h3>{Xml.Escape(figure.Title)}</h3><div class=\"scroll\" role=\"region\" tabindex=\"0\" "
            + $"aria-label=\"{Xml.Escape(figure.Title)}\"><div class=\"figure\" style=\"--pictures:{figure.Pictures.Count}\">");
        foreach ((string caption, byte[] png) in figure.Pictures)
        {
            html.Append(CultureInfo.InvariantCulture,
                $"<figure><img alt=\"{Xml.Escape($"{figure.Title}. {caption}")}\" "
                + $"src=\"data:image/png;base64,{Convert.ToBase64String(png)}\"/><figcaption>{Xml.Escape(caption)}</figcaption></figure>");
        }

        html.Append("</div></div></section>\n");
    }

    private static string Finding(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? Xml.Escape(text) : $"<strong>{Xml.Escape(text[..(colon + 1)])}</strong>{Xml.Escape(text[(colon + 1)..])}";
    }

    private static string Number(string text)
    {
        int deviation = text.IndexOf(" ± ", StringComparison.Ordinal);
        return deviation < 0 ? Xml.Escape(text) : $"{Xml.Escape(text[..deviation])} <span class=\"sd\">{Xml.Escape(text[(deviation + 1)..])}</span>";
    }

    private static string Class(ReportTone tone) => tone == ReportTone.Plain ? "" : $" class=\"{Name(tone)}\"";

    private static string Name(ReportTone tone) => tone switch
    {
        ReportTone.Lead => "lead",
        ReportTone.Muted => "muted",
        ReportTone.Strong => "strong",
        _ => "",
    };

    private static string Figure(ReportChart chart) =>
        $"<figure class=\"chart\"><figcaption>{Xml.Escape(chart.Title)}</figcaption>{chart.Svg}</figure>\n";
}
