namespace KnowledgeDistillation.Benchmarks.Harness;

/// <summary>Figures that a single disturbed repetition does not move.</summary>
internal static class Statistics
{
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    public static double MedianAbsoluteDeviation(IEnumerable<double> values)
    {
        double[] all = [.. values];
        double median = Median(all);
        return Median(all.Select(value => Math.Abs(value - median)));
    }
}
