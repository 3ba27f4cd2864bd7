using System.Globalization;

namespace KnowledgeDistillation.Experiments.Report;

/// <summary>Horizontal box plots, one below the other, with a dot for each value.</summary>
internal static class BoxPlot
{
    private const double Left = 10, Right = 16, Top = 6, Bottom = 34, RowHeight = 44, BoxTop = 18, BoxHeight = 16;

    /// <summary>How the boxes are to be read.</summary>
    public const string Legend =
        "The box spans the middle half of the cases, its thick line is the median, and the whiskers reach the most extreme case within one and a half times "
            + "the length of the box. Each dot is a case (dots are spread up and down only to be seen); a diamond is the mean.";

    /// <summary>Draws the boxes.</summary>
    /// <param name="title">What is shown.</param>
    /// <param name="groups">A label, a style (a class of chart.css), and named values in percent. A group without values gets a label and no box.</param>
    /// <param name="axis">What the values are.</param>
    public static ReportChart Draw(string title, IReadOnlyList<BoxPlotGroup> groups, string axis)
    {
        double height = Top + (RowHeight * groups.Count) + Bottom;
        string description = $"{title}. {string.Join("; ", groups.Select(Describe))}.";
        var canvas = new ChartCanvas(height, description);
        double lowest = Math.Min(100, groups.SelectMany(group => group.Values).Select(value => value.Percent).DefaultIfEmpty(0).Min());
        double low = Math.Min(80, Math.Floor(lowest / 10) * 10);
        double X(double percent) => Left + ((ChartCanvas.Width - Left - Right) * (percent - low) / (100 - low));
        foreach (double tick in AxisTicks.Linear(low, 100, 6))
        {
            canvas.Line("grid", X(tick), Top, X(tick), height - Bottom);
            canvas.Text("", X(tick), height - Bottom + 14, tick.ToString("0", CultureInfo.InvariantCulture), "middle");
        }

        canvas.Text("", X((low + 100) / 2), height - 4, axis, "middle");
        for (int i = 0; i < groups.Count; i++)
            Draw(canvas, groups[i], Top + (RowHeight * i), X);
        return new ReportChart(title, description, canvas.Finish());
    }

    private static void Draw(ChartCanvas canvas, BoxPlotGroup group, double top, Func<double, double> x)
    {
        canvas.Text("name", Left, top + 13, group.Label);
        if (group.Values.Count == 0)
        {
            canvas.Text("", Left, top + BoxTop + 12, "no result");
            return;
        }

        Quartiles box = Quartiles.Of(group.Values.Select(value => value.Percent));
        double middle = top + BoxTop + (BoxHeight / 2);
        canvas.Line($"whisker {group.Style}", x(box.LowWhisker), middle, x(box.First), middle);
        canvas.Line($"whisker {group.Style}", x(box.Third), middle, x(box.HighWhisker), middle);
        foreach (double end in new[] { box.LowWhisker, box.HighWhisker })
            canvas.Line($"whisker {group.Style}", x(end), middle - 4, x(end), middle + 4);
        canvas.Rectangle($"box {group.Style}", x(box.First), top + BoxTop, x(box.Third) - x(box.First), BoxHeight);
        for (int i = 0; i < group.Values.Count; i++)
        {
            (string name, double percent) = group.Values[i];
            // The golden ratio spreads any number of dots evenly, always in the same way.
            double spread = ((i * 0.618034 % 1) - 0.5) * (BoxHeight - 2);
            bool outside = percent < box.LowWhisker || percent > box.HighWhisker;
            canvas.Dot(
                $"dot {group.Style}",
                x(percent),
                middle + spread,
                1.7,
                outside ? string.Create(CultureInfo.InvariantCulture, $"{name}: {percent:0.0}") : null);
        }

        canvas.Line(
            $"median {group.Style}",
            x(box.Median),
            top + BoxTop - 1,
            x(box.Median),
            top + BoxTop + BoxHeight + 1,
            string.Create(CultureInfo.InvariantCulture, $"median {box.Median:0.0}"));
        double mean = group.Values.Average(value => value.Percent);
        canvas.Curve(
            "mean", [(x(mean) - 4, middle), (x(mean), middle - 4), (x(mean) + 4, middle), (x(mean), middle + 4), (x(mean) - 4, middle)], string.Create(
                CultureInfo.InvariantCulture, $"mean {mean:0.0}"));
    }

    private static string Describe(BoxPlotGroup group)
    {
        if (group.Values.Count == 0)
            return $"{group.Label}: no result";
        Quartiles box = Quartiles.Of(group.Values.Select(value => value.Percent));
        return string.Create(CultureInfo.InvariantCulture,
            $"{group.Label}: median {box.Median:0.0}, middle half {box.First:0.0} to {box.Third:0.0}, {group.Values.Count} cases");
    }
}

/// <summary>One box.</summary>
/// <param name="Label">Its label.</param>
/// <param name="Style">The class of chart.css that gives its color.</param>
/// <param name="Values">Names of cases with their values in percent, none of them NaN.</param>
internal sealed record BoxPlotGroup(string Label, string Style, IReadOnlyList<(string Name, double Percent)> Values);
