using System.Globalization;
using System.Text;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Experiments.Report;

/// <summary>Writes a report as Markdown with its pictures in a folder beside it.</summary>
internal sealed class MarkdownReport
{
    private readonly StringBuilder _text = new();
    private readonly Dictionary<string, byte[]> _files = new(StringComparer.Ordinal);
    private readonly string _folder;

    private MarkdownReport(string folder) => _folder = folder;

    /// <summary>Writes the report.</summary>
    /// <param name="report">The report.</param>
    /// <param name="path">The Markdown file; its pictures go to a folder of the same name with "-files", which holds nothing else afterwards.</param>
    public static void Write(ReportDocument report, string path)
    {
        string folder = $"{Path.GetFileNameWithoutExtension(path)}-files";
        var writer = new MarkdownReport(folder);
        writer._text.Append(CultureInfo.InvariantCulture, $"# {Escape(report.Title)}\n\n");
        foreach (ReportBlock block in report.Blocks)
            writer.Append(block);

        string pictures = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, folder);
        foreach ((string name, byte[] content) in writer._files)
            AtomicFile.Write(Path.Combine(pictures, name), stream => stream.Write(content));
        AtomicFile.WriteText(path, writer._text.ToString().TrimEnd('\n') + "\n");
        if (Directory.Exists(pictures))
            DeleteFormer(pictures, writer._files.Keys.ToHashSet(StringComparer.Ordinal));
    }

    // Pictures of an earlier state of the report.
    private static void DeleteFormer(string pictures, HashSet<string> names)
    {
        foreach (string path in Directory.EnumerateFiles(pictures)
            .Where(path => Path.GetExtension(path) is ".svg" or ".png" && !names.Contains(Path.GetFileName(path))))
        {
            File.Delete(path);
        }
    }

    private void Append(ReportBlock block)
    {
        switch (block)
        {
            case ReportBlock.Heading heading:
                Line($"{new string('#', heading.Level)} {Escape(heading.Text)}");
                break;
            case ReportBlock.Paragraph paragraph:
                Line(Escape(paragraph.Text));
                break;
            case ReportBlock.Bullets bullets:
                Line(string.Join('\n', bullets.Items.Select(item => $"- {Escape(item)}")));
                break;
            case ReportBlock.Findings findings:
                // The first finding sums the others up; a list of its own would run into the list before.
                Line(Finding(findings.Items[0]));
                if (findings.Items.Count > 1)
                    Line(string.Join('\n', findings.Items.Skip(1).Select(item => $"- {Finding(item)}")));
                break;
            case ReportBlock.Table table:
                Append(table.Content);
                break;
            case ReportBlock.Charts charts:
                foreach (ReportChart chart in charts.Items)
                {
                    Line($"**{Escape(chart.Title)}**\n\n"
                        + $"![{Escape(chart.Description)}]({Add(chart.Title, ".svg", Encoding.UTF8.GetBytes(ChartFile.Of(chart)))})");
                }

                break;
            case ReportBlock.Pictures pictures:
                Append(pictures.Figure);
                break;
            case ReportBlock.Legend legend:
                Line($"Colors: {string.Join(", ", legend.Colors.Select(color => $"{Escape(color.Name)} {color.Hex}"))}.");
                break;
            case ReportBlock.Links links:
                // Beside each page lies the same as Markdown.
                Line(string.Join('\n', links.Items.Select(link => $"- [{Escape(link.Text)}]({Path.ChangeExtension(link.Address, ".md")})")));
                break;
            case ReportBlock.Details details:
                Line($"### {Escape(details.Summary)}");
                foreach (ReportBlock inner in details.Blocks)
                    Append(inner);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(block), block, "This part of a report cannot be written as Markdown.");
        }
    }

    private void Append(ReportTable table)
    {
        var lines = new StringBuilder();
        lines.Append(CultureInfo.InvariantCulture, $"**{Escape(table.Caption)}**\n\n");
        lines.Append(CultureInfo.InvariantCulture, $"| {string.Join(" | ", table.Columns.Select(column => Escape(column.Title)))} |\n");
        lines.Append(CultureInfo.InvariantCulture, $"|{string.Join('|', table.Columns.Select((column, i) => i == 0 || column.IsText ? "---" : "---:"))}|");
        foreach (IReadOnlyList<ReportCell> row in table.Rows)
        {
            lines.Append(CultureInfo.InvariantCulture,
                $"\n| {string.Join(" | ", row.Select(Cell))} |");
        }

        Line(lines.ToString());
    }

    private static string Cell(ReportCell cell) => cell.Tone == ReportTone.Strong && cell.Text.Length > 0 ? $"**{Escape(cell.Text)}**" : Escape(cell.Text);

    private void Append(ComparisonFigure figure)
    {
        string[] links =
        [
            .. figure.Pictures.Select(
                picture => $"![{Escape($"{figure.Title}. {picture.Caption}")}]({Add($"{figure.Title} {picture.Caption}", ".png", picture.Png)})"),
        ];
        Line($"### {Escape(figure.Title)}\n\n| {string.Join(" | ", figure.Pictures.Select(picture => Escape(picture.Caption)))} |\n"
            + $"|{string.Concat(links.Select(_ => "---|"))}\n| {string.Join(" | ", links)} |");
    }

    private string Add(string title, string extension, byte[] content)
    {
        string words = string.Join(
            '-', new string([.. title.ToLowerInvariant().Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : ' ')])
                .Split(' ', StringSplitOptions.RemoveEmptyEntries));
        string name = string.Create(CultureInfo.InvariantCulture, $"{_files.Count + 1:000}-{words[..Math.Min(words.Length, 60)].TrimEnd('-')}{extension}");
        _files.Add(name, content);
        return $"{_folder}/{name}";
    }

    private void Line(string text) => _text.Append(text).Append("\n\n");

    private static string Finding(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? Escape(text) : $"**{Escape(text[..(colon + 1)])}**{Escape(text[(colon + 1)..])}";
    }

    // Everything that could start markup, wherever it stands: names of cases and messages of errors may hold anything.
    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (char letter in text)
        {
            if (letter is '\\' or '`' or '*' or '_' or '[' or ']' or '<' or '>' or '|' or '#' or '~')
                escaped.Append('\\');
            escaped.Append(letter is '\n' or '\r' or '\t' ? ' ' : letter);
        }

        return escaped.ToString();
    }
}
