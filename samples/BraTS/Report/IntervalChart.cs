using System.Globalization;

namespace KnowledgeDistillation.Samples.BraTS;

/// <summary>Differences with their intervals, one below the other, about a line at zero.</summary>
internal static class IntervalChart
{
    private const double Left = 14, Right = 14, Top = 6, Bottom = 34, RowHeight = 36;

    /// <summary>Draws the intervals.</summary>
    /// <param name="title">What is shown.</param>
    /// <param name="rows">Labels, styles (classes of chart.css), differences and the ends of their intervals, all finite.</param>
    /// <param name="axis">What the differences are.</param>
    public static ReportChart Draw(string title, IReadOnlyList<(string Label, string Style, double Difference, double Low, double High)> rows, string axis)
    {
        double height = Top + (RowHeight * rows.Count) + Bottom;
        string description = $"{title}. {string.Join("; ", rows.Select(row => string.Create(CultureInfo.InvariantCulture, $"{row.Label}: {row.Difference:+0.00;−0.00;0.00}, from {row.Low:+0.00;−0.00;0.00} to {row.High:+0.00;−0.00;0.00}")))}.";
        var canvas = new ChartCanvas(height, description);
        double low = Math.Min(0, rows.Min(row => row.Low)), high = Math.Max(0, rows.Max(row => row.High));
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
            double y = Top + (RowHeight * i) + 25;
            canvas.Text("name", Left, y - 11, rows[i].Label);
            canvas.Line($"interval {rows[i].Style}", X(rows[i].Low), y, X(rows[i].High), y);
            foreach (double end in new[] { rows[i].Low, rows[i].High })
                canvas.Line($"interval {rows[i].Style}", X(end), y - 4, X(end), y + 4);
            canvas.Dot($"estimate {rows[i].Style}", X(rows[i].Difference), y, 4);
        }

        return new ReportChart(title, description, canvas.Finish());
    }
}
