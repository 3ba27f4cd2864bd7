namespace KnowledgeDistillation.Experiments.Report;

/// <summary>Round numbers for an axis.</summary>
internal static class AxisTicks
{
    private static readonly int[] Digits = [1, 2, 5];

    /// <summary>Multiples of 1, 2 or 5 times a power of ten, at most <paramref name="most"/> of them within the range, ends included.</summary>
    public static IReadOnlyList<double> Linear(double low, double high, int most)
    {
        double step = Steps().First(step => Math.Floor(high / step) - Math.Ceiling(low / step) < most);
        int first = (int)Math.Ceiling(low / step);
        return [.. Enumerable.Range(first, (int)Math.Floor(high / step) - first + 1).Select(multiple => multiple * step)];
    }

    /// <summary>1, 2 and 5 of each power of ten; round numbers at equal steps where the range is so narrow that there would be fewer than three.</summary>
    public static IReadOnlyList<double> Logarithmic(double low, double high)
    {
        double[] few = [.. Of(Digits)];
        // Only the powers of ten where the range is wide.
        return few.Length > 9 ? [.. Of([1])] : few.Length >= 3 ? few : Linear(low, high, most: 6);

        IEnumerable<double> Of(IEnumerable<int> digits) => Enumerable.Range(-9, 19)
            .SelectMany(power => digits.Select(digit => digit * Math.Pow(10, power)))
            .Where(tick => tick > low && tick < high);
    }

    private static IEnumerable<double> Steps() => Enumerable.Range(-9, 19).SelectMany(power => Digits.Select(digit => digit * Math.Pow(10, power)));
}
