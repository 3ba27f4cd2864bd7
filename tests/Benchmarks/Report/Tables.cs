using System.Globalization;
using System.Text;
using KnowledgeDistillation.Benchmarks.Harness;

namespace KnowledgeDistillation.Benchmarks.Report;

/// <summary>The tables that the command prints, as Markdown.</summary>
internal static class Tables
{
    public static string Of(IReadOnlyList<Comparison> comparisons, Setting setting)
    {
        StringBuilder text = new();
        text.AppendLine(CultureInfo.InvariantCulture,
            $"{Machine.Describe()}; {setting.Size}³ voxels, width {setting.Width}, batch {setting.Batch}, "
            + $"{setting.Threads} threads{(setting.Quick ? "; quick run, figures are rough" : "")}.");
        text.AppendLine();
        if (comparisons.Any(comparison => comparison.Case.Targets.Count > 0))
            text.AppendLine(Targets(comparisons));
        text.Append(Figures(comparisons));
        return text.ToString();
    }

    /// <summary>One comparison in a line, shown while the others still run.</summary>
    public static string Line(Comparison comparison) =>
        $"  ours {Value(comparison.Ours, comparison.Case.Unit)}, {comparison.Case.PlainName} {Value(comparison.Plain, comparison.Case.Unit)}, "
            + $"ratio {Ratio(comparison)}";

    private static string Targets(IReadOnlyList<Comparison> comparisons)
    {
        List<string[]> rows = [["Work", "Target", "Measured", "Holds"]];
        foreach (Comparison comparison in comparisons)
        {
            foreach (Target target in comparison.Case.Targets)
            {
                double measured = comparison.Measured(target.Measure);
                string unit = target.Measure == Measure.Value ? " " + comparison.Case.Unit : "";
                rows.Add([target.Work, $"≤ {Number(target.AtMost)}{unit}", $"{Number(measured)}{unit}", measured <= target.AtMost ? "yes" : "no"]);
            }
        }

        return Markdown(rows);
    }

    private static string Figures(IReadOnlyList<Comparison> comparisons)
    {
        List<string[]> rows = [["Case", "Ours", "Against", "Its value", "Ratio", "Peak MiB, ours", "Other's", "Live tensors, ours", "Other's"]];
        foreach (Comparison comparison in comparisons)
        {
            rows.Add(
            [
                comparison.Case.Name,
                Value(comparison.Ours, comparison.Case.Unit),
                comparison.Case.PlainName,
                Value(comparison.Plain, comparison.Case.Unit),
                Ratio(comparison),
                Number(Comparison.Peak(comparison.Ours)),
                Number(Comparison.Peak(comparison.Plain)),
                Tensors(comparison.Ours),
                Tensors(comparison.Plain),
            ]);
        }

        return Markdown(rows);
    }

    private static string Value(IReadOnlyList<Repetition> repetitions, string unit)
    {
        double[] values = [.. repetitions.Select(repetition => repetition.Value)];
        return $"{Number(Statistics.Median(values))} ± {Number(Statistics.MedianAbsoluteDeviation(values))} {unit}";
    }

    private static string Ratio(Comparison comparison) => $"{Number(comparison.Ratio)} ± {Number(comparison.RatioSpread)}";

    // The same number after the first and the last repetition shows that no tensor is left behind.
    private static string Tensors(IReadOnlyList<Repetition> repetitions) =>
        repetitions[0].LiveTensors == repetitions[^1].LiveTensors
            ? $"{repetitions[0].LiveTensors}"
            : $"{repetitions[0].LiveTensors} to {repetitions[^1].LiveTensors}";

    // Three significant digits.
    private static string Number(double value)
    {
        int decimals = value == 0 ? 2 : Math.Clamp(2 - (int)Math.Floor(Math.Log10(Math.Abs(value))), 0, 6);
        return value.ToString("F" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }

    private static string Markdown(List<string[]> rows)
    {
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        StringBuilder text = new();
        for (int i = 0; i < rows.Count; i++)
        {
            text.AppendLine($"| {string.Join(" | ", rows[i].Select((cell, column) => cell.PadRight(widths[column])))} |");
            if (i == 0)
                text.AppendLine($"|{string.Join("|", widths.Select(width => new string('-', width + 2)))}|");
        }

        return text.ToString();
    }
}
