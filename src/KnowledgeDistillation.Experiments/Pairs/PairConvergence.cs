using System.Globalization;

namespace KnowledgeDistillation.Experiments.Pairs;

/// <summary>Which networks have not converged, by a rule that was fixed before the first of them was trained.</summary>
internal static class PairConvergence
{
    private const int Window = 10;
    private const double MostFall = 0.02;
    private const double MostAboveMedian = 1.25;

    /// <summary>The rule in words.</summary>
    public static string Rule { get; } = string.Create(CultureInfo.InvariantCulture,
        $"A network has not converged if its mean training loss over the last {Window} epochs is more than {100 * MostFall:0} % below that over the {Window} "
            + $"epochs before them (it was still learning), or more than {100 * (MostAboveMedian - 1):0} % above the median of all "
            + $"networks of its kind (it was stuck). All pairs count, these among them.");

    /// <summary>The mean training loss over the last epochs, and over as many before them.</summary>
    public static (double Before, double AtEnd) Of(IReadOnlyList<EpochReport> history)
    {
        // Of a fit that is too short for two windows, halves.
        int window = Math.Max(1, Math.Min(Window, history.Count / 2));
        double[] losses = [.. history.Select(report => report.Training.Total)];
        double atEnd = losses.TakeLast(window).Average();
        return (losses.Length > window ? losses.SkipLast(window).TakeLast(window).Average() : atEnd, atEnd);
    }

    /// <summary>The networks that have not converged, in the order of their pairs, each with the reason.</summary>
    public static IReadOnlyList<(int Pair, string System, string Reason)> Failing(IReadOnlyList<PairRow> rows)
    {
        PairRow[] networks = [.. rows.DistinctBy(row => (row.Pair, row.System))];
        Dictionary<string, double> medians = networks.GroupBy(row => row.System)
            .ToDictionary(kind => kind.Key, kind => Median(kind.Select(row => row.LossAtEnd)));
        return
        [
            .. from row in networks
               let reason = row.LossBefore - row.LossAtEnd > MostFall * row.LossBefore ? "was still learning"
                   : row.LossAtEnd > MostAboveMedian * medians[row.System] ? "was stuck"
                   : null
               where reason is not null
               orderby row.Pair
               select (row.Pair, row.System, reason),
        ];
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
