using KnowledgeDistillation.Metrics;
using MathNet.Numerics.Distributions;
using MathNet.Numerics.Random;

namespace KnowledgeDistillation.Experiments.Statistics;

/// <summary>
/// A mean, for example of the differences between two systems scored on the same cases, with its bootstrap confidence interval:
/// bias-corrected and accelerated (BCa; Efron, "Better Bootstrap Confidence Intervals", Journal of the American Statistical Association 82:171–185, 1987).
/// </summary>
/// <param name="Mean">The mean.</param>
/// <param name="Lower">The lower end; NaN with a single value.</param>
/// <param name="Upper">The upper end; NaN with a single value.</param>
/// <param name="Confidence">How often such intervals are to hold the true mean, for example 0.95.</param>
/// <param name="Count">The number of values.</param>
/// <remarks>
/// <para>
/// BCa and not the plain percentiles, because differences of scores are skewed: the ends are percentiles of the resampled means, moved by the median bias z₀
/// and by the acceleration a = Σ (x − x̄)³ / (6 (Σ (x − x̄)²)^1.5), which is what the jackknife gives for a mean (Efron and Tibshirani,
/// "An Introduction to the Bootstrap", 1993, section 14.3).
/// </para>
/// <para>
/// With few values it is too narrow, as all bootstrap intervals are: of 95 % intervals for normally distributed values, 85 % hold the true mean with 6 values,
/// 89 % with 10, 92 % with 20 and 94 % with 48; fewer where single values stand far out. A single value says nothing about the spread, so there is no interval;
/// values that are all the same give one of width 0.
/// </para>
/// <para>Immutable and safe to share between threads.</para>
/// </remarks>
public sealed record BootstrapInterval(double Mean, double Lower, double Upper, double Confidence, int Count)
{
    private const int FewestResamples = 1000;

    /// <summary>The mean of some values with its interval. The same values in the same order and the same seed give the same interval.</summary>
    /// <param name="values">For example one difference per case.</param>
    /// <param name="seed">What the resamples are drawn from.</param>
    /// <param name="confidence">The confidence, from 0.5 to 0.999.</param>
    /// <param name="resamples">The number of resamples, at least 1000. With 10,000, each end of a 95 % interval varies between seeds
    /// with a standard deviation of about 1 % of its width.</param>
    /// <exception cref="ArgumentException">There are no values, or one is NaN or infinite.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="confidence"/> or <paramref name="resamples"/> is out of range.</exception>
    public static BootstrapInterval OfMean(IEnumerable<double> values, int seed = 0, double confidence = 0.95, int resamples = 10_000)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (confidence is not (>= 0.5 and <= 0.999))
            throw new ArgumentOutOfRangeException(nameof(confidence), confidence, "The confidence must be from 0.5 to 0.999.");
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, FewestResamples);
        double[] sample = values.ToArray();
        FiniteNumbers.Require(sample, nameof(values), "It must be left out or replaced before the interval is computed.");

        double mean = sample.Sum() / sample.Length;
        if (sample.Length == 1)
            return new BootstrapInterval(mean, double.NaN, double.NaN, confidence, 1);
        if (Array.TrueForAll(sample, value => value == sample[0]))
            return new BootstrapInterval(sample[0], sample[0], sample[0], confidence, sample.Length);

        double[] means = ResampledMeans(sample, seed, resamples);
        double bias = MedianBias(means, mean, rounding: 1e-12 * sample.Max(Math.Abs));
        double acceleration = Acceleration(sample, mean);
        double End(double probability)
        {
            double z = bias + Normal.InvCDF(0, 1, probability);
            return OrderStatistics.PercentileInPlace(means, 100 * Normal.CDF(0, 1, bias + (z / (1 - (acceleration * z)))));
        }

        return new BootstrapInterval(mean, End((1 - confidence) / 2), End((1 + confidence) / 2), confidence, sample.Length);
    }

    /// <summary>The acceleration of the mean of values that are not all the same.</summary>
    internal static double Acceleration(double[] sample, double mean)
    {
        // It has no unit; in units of the largest deviation no power of it is lost to underflow.
        double largest = sample.Max(value => Math.Abs(value - mean));
        double[] deviations = Array.ConvertAll(sample, value => (value - mean) / largest);
        double squares = deviations.Sum(deviation => deviation * deviation);
        return deviations.Sum(deviation => deviation * deviation * deviation) / (6 * squares * Math.Sqrt(squares));
    }

    private static double[] ResampledMeans(double[] sample, int seed, int resamples)
    {
        var random = new Xoshiro256StarStar(seed, threadSafe: false);
        double[] means = new double[resamples];
        for (int i = 0; i < resamples; i++)
        {
            double sum = 0;
            for (int j = 0; j < sample.Length; j++)
                sum += sample[random.Next(sample.Length)];
            means[i] = sum / sample.Length;
        }

        return means;
    }

    // Means that equal that of the sample but for the order of summation count half on either side.
    private static double MedianBias(double[] means, double mean, double rounding)
    {
        double below = 0;
        foreach (double resampled in means)
            below += Math.Abs(resampled - mean) <= rounding ? 0.5 : resampled < mean ? 1 : 0;
        return Normal.InvCDF(0, 1, below / means.Length);
    }
}
