namespace KnowledgeDistillation.Metrics;

/// <summary>Percentiles without sorting.</summary>
internal static class OrderStatistics
{
    /// <summary>The percentile of at least one value, interpolated linearly between the two nearest ranks; rearranges the values.</summary>
    public static double PercentileInPlace(Span<double> values, double percentile)
    {
        double rank = percentile / 100 * (values.Length - 1);
        int lower = (int)rank;
        double below = SelectInPlace(values, lower);
        double fraction = rank - lower;
        if (fraction == 0)
            return below;

        // After the selection, everything behind the lower rank is at least as large: the next rank is the least of it.
        double above = double.PositiveInfinity;
        foreach (double value in values[(lower + 1)..])
            above = Math.Min(above, value);
        return below + (fraction * (above - below));
    }

    // Hoare's selection: smaller values end up before the rank, larger ones behind it.
    private static double SelectInPlace(Span<double> values, int rank)
    {
        (int low, int high) = (0, values.Length - 1);
        while (low < high)
        {
            double pivot = MedianOfThree(values[low], values[(int)(((uint)low + (uint)high) / 2)], values[high]);
            (int i, int j) = (low, high);
            while (i <= j)
            {
                while (values[i] < pivot)
                    i++;
                while (values[j] > pivot)
                    j--;
                if (i > j)
                    break;
                (values[i], values[j]) = (values[j], values[i]);
                (i, j) = (i + 1, j - 1);
            }
            if (rank <= j)
                high = j;
            else if (rank >= i)
                low = i;
            else
                break;
        }
        return values[rank];
    }

    private static double MedianOfThree(double a, double b, double c) => Math.Max(Math.Min(a, b), Math.Min(Math.Max(a, b), c));
}
