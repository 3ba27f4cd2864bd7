using System.Globalization;

namespace KnowledgeDistillation.Experiments.Report;

/// <summary>Differences with their intervals, one below the other, about a line at zero.</summary>
internal static class IntervalChart
{
    private const double Left = 14, Right = 14, Top = 6, Bottom = 34, RowHeight = 36;

    /// <summary>Draws the intervals.</summary>
    /// <param name="title">What is shown.</param>
    /// <param name="rows">What is drawn, from top to bottom.</param>
    /// <param name="axis">What the differences are.</param>
    public static ReportChart Draw(string title, IReadOnlyList<IntervalChartRow> rows, string axis)
    {
        double rowHeight = rows.Any(row => row.Parts.Count > 0) ? RowHeight + 6 : RowHeight;
        double height = Top + (rowHeight * rows.Count) + Bottom;
        string description = $"{title}. {string.Join("; ", rows.Select(Describe))}.";
        var canvas = new ChartCanvas(height, description);
        double[] shown =
            [0, .. rows.SelectMany(row => row.Parts.Select(part => part.Value).Append(row.Difference).Concat(row.HasInterval ? [row.Low, row.High] : []))];
        (double low, double high) = (shown.Min(), shown.Max());
        double margin = Math.Max(0.05 * (high - low), 0.1);
        (low, high) = (low - margin, high + margin);
        double X(double value) => Left + ((ChartCanvas.Width - Left - Right) * (value - low) / (high - low));
        foreach (double tick in AxisTicks.Linear(low, high, 7))
        {
            canvas.Line(tick == 0 ? "zero" : "grid", X(tick), Top, X(tick), height - Bottom);
            canvas.Text("", X(tick), height - Bottom + 14, tick.ToString("+0.##;−0.##;0", CultureInfo.InvariantCulture), "middle");
        }

        canvas.Text("", ChartCanvas.Width / 2, height - 4, axis, "middle");
        for (int i = 0; i < rows.Count; i++)
        {
            double y = Top + (rowHeight * i) + 25;
            canvas.Text("name", Left, y - 11, rows[i].Label);
            if (rows[i].HasInterval)
                canvas.Line($"interval {rows[i].Style}", X(rows[i].Low), y, X(rows[i].High), y);
            foreach (double end in rows[i].HasInterval ? new[] { rows[i].Low, rows[i].High } : [])
                canvas.Line($"interval {rows[i].Style}", X(end), y - 4, X(end), y + 4);
            canvas.Dot($"estimate {rows[i].Style}", X(rows[i].Difference), y, 4);
            foreach ((string name, double value) in rows[i].Parts)
                canvas.Dot($"part {rows[i].Style}", X(value), y + 9, 2.6, string.Create(CultureInfo.InvariantCulture, $"{name}: {value:+0.00;−0.00;0.00}"));
        }

        return new ReportChart(title, description, canvas.Finish());
    }

    private static string Describe(IntervalChartRow row)
    {
        string interval = row.HasInterval
            ? string.Create(CultureInfo.InvariantCulture, $", from {row.Low:+0.00;−0.00;0.00} to {row.High:+0.00;−0.00;0.00}")
            : "";
        string parts = row.Parts.Count > 0
            ? $" ({string.Join(", ", row.Parts.Select(part => string.Create(CultureInfo.InvariantCulture, $"{part.Name} {part.Value:+0.00;−0.00;0.00}")))})"
            : "";
        return string.Create(CultureInfo.InvariantCulture, $"{row.Label}: {row.Difference:+0.00;−0.00;0.00}{interval}{parts}");
    }
}

/// <summary>A difference with its interval.</summary>
/// <param name="Label">Its label.</param>
/// <param name="Style">The class of chart.css that gives its color.</param>
/// <param name="Difference">The difference.</param>
/// <param name="Low">The lower end of its interval; NaN where there is none.</param>
/// <param name="High">The upper end of its interval; NaN where there is none.</param>
internal sealed record IntervalChartRow(string Label, string Style, double Difference, double Low, double High)
{
    /// <summary>What it is the mean of, by name: a small dot each.</summary>
    public IReadOnlyList<(string Name, double Value)> Parts { get; init; } = [];

    public bool HasInterval => double.IsFinite(Low) && double.IsFinite(High);
}
