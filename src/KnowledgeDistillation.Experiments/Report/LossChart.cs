using System.Globalization;

namespace KnowledgeDistillation.Experiments.Report;

/// <summary>
/// The objective of a fit and each of its weighted terms by epoch, over training cases (solid) and validation cases (dashed), on a logarithmic scale where all
/// totals are positive.
/// </summary>
internal static class LossChart
{
    /// <summary>How the curves are to be read.</summary>
    public const string Legend =
        "Loss by epoch, on a logarithmic scale where all totals are positive: solid over the training cases (while the weights changed), dashed over the "
            + "validation cases. Terms are shown weighted, as they add up to the total. The dotted line marks the epoch whose weights were kept.";

    private const double Height = 230, Left = 42, Right = 64, Top = 12, Bottom = 28;

    // More points than this cannot be told apart at the width of the chart.
    private const int MostPoints = 250;

    private static readonly string[] Colors = ["GT", "KD", "KL"];

    /// <summary>Draws the losses.</summary>
    /// <param name="title">Whose losses they are.</param>
    /// <param name="history">At least one epoch.</param>
    public static ReportChart Draw(string title, IReadOnlyList<EpochReport> history)
    {
        bool logarithmic = history.All(report => report.Training.Total > 0 && report.Validation is not { Total: <= 0 });
        Line[] lines = [.. Lines(history).Where(line => line.Values.All(value => double.IsFinite(value) && (value > 0 || !logarithmic)))];
        EpochReport best = history.LastOrDefault(report => report.IsBest) ?? history[^1];
        string description = string.Create(CultureInfo.InvariantCulture,
            $"{title}: loss over {history.Count} epochs. "
                + $"Training from {history[0].Training.Total:0.000} to {history[^1].Training.Total:0.000}"
                + $"{(history[^1].Validation is { } last ? $", validation from {history[0].Validation?.Total:0.000} to {last.Total:0.000}" : "")}; "
                + $"the weights of epoch {best.Epoch + 1} were kept.");
        var canvas = new ChartCanvas(Height, description);
        if (lines.Length == 0)
        {
            canvas.Text("", Left, Top + 12, "The losses are not finite.");
            return new ReportChart(title, description, canvas.Finish());
        }

        (double low, double high) = (lines.Min(line => line.Values.Min()), lines.Max(line => line.Values.Max()));
        (low, high) = logarithmic ? (low / 1.1, high * 1.1) : (low - (0.05 * (high - low)) - 1e-9, high + (0.05 * (high - low)) + 1e-9);
        double X(double epoch) => Left + ((ChartCanvas.Width - Left - Right) * (history.Count == 1 ? 0.5 : epoch / (history.Count - 1)));
        double Y(double value) =>
            Top + ((Height - Top - Bottom) * (logarithmic ? Math.Log(high / value) / Math.Log(high / low) : (high - value) / (high - low)));

        foreach (double tick in logarithmic ? AxisTicks.Logarithmic(low, high) : AxisTicks.Linear(low, high, 6))
        {
            canvas.Line("grid", Left, Y(tick), ChartCanvas.Width - Right, Y(tick));
            canvas.Text("", Left - 6, Y(tick) + 3.5, tick.ToString("0.#####", CultureInfo.InvariantCulture), "end");
        }

        foreach (int epoch in new[] { 0, history.Count - 1 }.Distinct())
            canvas.Text("", X(epoch), Height - 10, string.Create(CultureInfo.InvariantCulture, $"{(epoch == 0 ? "epoch " : "")}{epoch + 1}"), "middle");
        canvas.Line(
            "best",
            X(best.Epoch - history[0].Epoch),
            Top,
            X(best.Epoch - history[0].Epoch),
            Height - Bottom,
            string.Create(CultureInfo.InvariantCulture, $"weights kept: epoch {best.Epoch + 1}"));
        foreach (Line line in lines)
            canvas.Curve(line.Style, Thin(line.Values).Select(point => (X(point.Epoch), Y(point.Value))), line.Title);
        Label(canvas, lines, Y);
        return new ReportChart(title, description, canvas.Finish());
    }

    private static IEnumerable<Line> Lines(IReadOnlyList<EpochReport> history)
    {
        yield return new Line("total", "total", "training", [.. history.Select(report => report.Training.Total)]);
        bool validated = history.All(report => report.Validation is not null);
        if (validated)
            yield return new Line("total", "total validation", "validation", [.. history.Select(report => report.Validation!.Total)]);
        string[] names = [.. history[0].Training.Terms.Where(term => term.Weight != 0).Select(term => term.Name)];
        if (names.Length < 2)
            yield break;
        foreach (string name in names)
        {
            string style = Style(name, names);
            yield return new Line(name, style, $"{name}, training", Values(report => report.Training));
            if (validated)
                yield return new Line(name, $"{style} validation", $"{name}, validation", Values(report => report.Validation!));

            double[] Values(Func<EpochReport, LossReport> part) =>
                [.. history.Select(report => part(report).Terms.FirstOrDefault(term => term.Name == name)?.Weighted ?? double.NaN)];
        }
    }

    // A term of the paper's has the same color in every chart.
    private static string Style(string name, string[] names)
    {
        int index = Array.IndexOf(Colors, name);
        return string.Create(CultureInfo.InvariantCulture, $"term{(index >= 0 ? index : 3 + (Array.IndexOf([.. names.Except(Colors)], name) % 3))}");
    }

    private static void Label(ChartCanvas canvas, Line[] lines, Func<double, double> y)
    {
        double previous = double.NegativeInfinity;
        foreach (Line line in lines.DistinctBy(line => line.Label).OrderBy(line => y(line.Values[^1])))
        {
            // Labels of lines that end close together are pushed apart.
            previous = Math.Max(y(line.Values[^1]) + 3.5, previous + 12);
            canvas.Text($"label {line.Style.Split(' ')[0]}", ChartCanvas.Width - Right + 6, previous, line.Label);
        }
    }

    // Means over so many epochs that the points fit the width.
    private static IEnumerable<(double Epoch, double Value)> Thin(double[] values)
    {
        int bucket = (values.Length + MostPoints - 1) / MostPoints;
        for (int start = 0; start < values.Length; start += bucket)
        {
            ArraySegment<double> part = new(values, start, Math.Min(bucket, values.Length - start));
            yield return (start + ((part.Count - 1) / 2.0), part.Average());
        }
    }

    private sealed record Line(string Label, string Style, string Title, double[] Values);
}
