namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>
/// A few numbers about the intensities of an image that survive a change of the scanner's scale: how many are negative, and how the others are spread.
/// </summary>
/// <param name="NegativeShare">The share of all voxels that are below 0.</param>
/// <param name="Least">The least value of the voxels that were looked at.</param>
/// <param name="Quantiles">
/// Those at 5, 25, 50, 75 and 95 % of the voxels that are not 0, as a number of their standard deviations from their mean; 0 where all are equal.
/// </param>
public sealed record IntensityProfile(double NegativeShare, double Least, IReadOnlyList<double> Quantiles)
{
    private const int MostVoxels = 200_000;
    private static readonly double[] Shares = [0.05, 0.25, 0.5, 0.75, 0.95];

    /// <summary>How many numbers it has: <see cref="NegativeShare"/>, then the quantiles.</summary>
    public static int Numbers => 1 + Shares.Length;

    /// <summary>The share of negative voxels (0), or a quantile (from 1).</summary>
    /// <param name="number">Which one, below <see cref="Numbers"/>.</param>
    public double this[int number] => number == 0 ? NegativeShare : Quantiles[number - 1];

    /// <summary>For example "the 95 % quantile".</summary>
    /// <param name="number">Which one, from 1.</param>
    public static string NameOf(int number) => FormattableString.Invariant($"the {100 * Shares[number - 1]:0} % quantile");

    /// <summary>Looks at an image, at every so many voxels of a large one.</summary>
    /// <param name="voxels">The intensities; those that are not finite are passed over.</param>
    public static IntensityProfile Of(ReadOnlySpan<float> voxels)
    {
        // An odd step, so that it does not fall on the same columns of every row.
        int step = (voxels.Length / MostVoxels) | 1;
        List<float> others = [];
        (int all, int negative, double sum) = (0, 0, 0);
        for (int i = 0; i < voxels.Length; i += step)
        {
            float value = voxels[i];
            if (!float.IsFinite(value))
                continue;
            all++;
            if (value == 0)
                continue;
            others.Add(value);
            sum += value;
            negative += value < 0 ? 1 : 0;
        }

        if (others.Count == 0)
            return new(0, 0, [.. Shares.Select(_ => 0.0)]);
        others.Sort();
        double mean = sum / others.Count, deviation = Math.Sqrt(others.Average(value => (value - mean) * (value - mean)));
        return new(
            (double)negative / all,
            others[0],
            [.. Shares.Select(share => deviation > 0 ? (others[(int)(share * (others.Count - 1))] - mean) / deviation : 0)]);
    }
}
