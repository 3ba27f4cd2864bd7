using System.Globalization;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>How losses and times are written in one line.</summary>
public static class TrainingText
{
    /// <summary>The sum, and its weighted terms where there are several: "1.234 (KD 0.400 + GT 0.300 + KL 0.534)".</summary>
    public static string Losses(double total, IReadOnlyList<TermValue> terms)
    {
        string parts = terms.Count > 1 ? $" ({string.Join(" + ", terms.Select(term => $"{term.Name} {Number(term.Weighted)}"))})" : "";
        return Number(total) + parts;
    }

    /// <summary>Some things, at least one: "ET, TC and WT".</summary>
    internal static string List(IEnumerable<string> items)
    {
        string[] all = [.. items];
        return all.Length == 1 ? all[0] : $"{string.Join(", ", all[..^1])} and {all[^1]}";
    }

    /// <summary>The losses of an epoch.</summary>
    public static string Epoch(EpochReport report) =>
        $"loss {Losses(report.Training.Total, report.Training.Terms)}{(report.Validation is { } validation ? $", validation {Number(validation.Total)}" : "")}"
        + (report.ValidationDice is { } dice ? $", mean Dice {Number(dice)}" : "");

    /// <summary>For example "2:05 h", "1:10 min" or "12 s".</summary>
    public static string Time(TimeSpan time) => time switch
    {
        { TotalDays: >= 3 } => string.Create(CultureInfo.InvariantCulture, $"{time.TotalDays:0.0} days"),
        { TotalHours: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalHours}:{time.Minutes:00} h"),
        { TotalMinutes: >= 1 } => string.Create(CultureInfo.InvariantCulture, $"{time.Minutes}:{time.Seconds:00} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, time.TotalSeconds):0} s"),
    };

    /// <summary>"1 case", "2 cases".</summary>
    public static string Cases(int count) => count == 1 ? "1 case" : $"{count} cases";

    private static string Number(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);
}
