using System.Globalization;
using System.Text;

namespace KnowledgeDistillation.Training;

/// <summary>
/// The history of a fit as a table: one row an epoch, one column a figure. Written anew after each epoch,
/// so a resumed fit leaves the same file as an uninterrupted one.
/// </summary>
internal static class HistoryCsv
{
    public static string Format(IReadOnlyList<EpochReport> history)
    {
        var text = new StringBuilder();
        string[] terms = [.. history[0].Training.Terms.Select(term => term.Name)];
        string[] header =
        [
            "epoch", "learning_rate", "seconds", "best", "training_loss", .. terms.Select(name => $"training_{name}"),
            "validation_loss", .. terms.Select(name => $"validation_{name}"),
            .. terms.Select(name => $"weight_{name}"), .. terms.Select(name => $"gradient_share_{name}"),
        ];
        text.AppendLine(string.Join(',', header.Select(Quote)));
        foreach (EpochReport report in history)
        {
            IEnumerable<string> row =
            [
                Text(report.Epoch), Text(report.LearningRate), Text(Math.Round(report.Seconds, 3)), report.IsBest ? "1" : "0",
                Text(report.Training.Total), .. report.Training.Terms.Select(term => Text(term.Value)),
                Text(report.Validation?.Total), .. terms.Select((_, i) => Text(report.Validation?.Terms[i].Value)),
                .. report.Training.Terms.Select(term => Text(term.Weight)),
                .. terms.Select(name => report.GradientShares is null ? "" : Text(report.GradientShares[name])),
            ];
            text.AppendLine(string.Join(',', row));
        }

        return text.ToString();
    }

    private static string Text(double? value) => value?.ToString("R", CultureInfo.InvariantCulture) ?? "";

    private static string Quote(string name) => name.AsSpan().ContainsAny(",\"\n") ? $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : name;
}
