using MathNet.Numerics.Statistics;

namespace KnowledgeDistillation.Experiments.Report;

/// <summary>
/// The five numbers of a box plot. Quartiles are interpolated linearly between the two nearest ranks;
/// whiskers end at the most extreme value within 1.5 box lengths of the box.
/// </summary>
internal sealed record Quartiles(double LowWhisker, double First, double Median, double Third, double HighWhisker)
{
    /// <summary>Of at least one value.</summary>
    public static Quartiles Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        (double first, double median, double third) = (Quantile(sorted, 0.25), Quantile(sorted, 0.5), Quantile(sorted, 0.75));
        double reach = 1.5 * (third - first);
        // An interpolated quartile can lie beyond all values within reach of it; the whisker then ends at the box.
        double low = Math.Min(first, sorted.First(value => value >= first - reach));
        double high = Math.Max(third, sorted.Last(value => value <= third + reach));
        return new Quartiles(low, first, median, third, high);
    }

    private static double Quantile(double[] sorted, double share) => SortedArrayStatistics.QuantileCustom(sorted, share, QuantileDefinition.R7);
}
