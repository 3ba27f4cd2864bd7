using MathNet.Numerics.Distributions;

namespace KnowledgeDistillation.Experiments.Statistics;

/// <summary>
/// The one-sample t test, two-sided, with the interval that belongs to it ("Student", "The Probable Error of a Mean", Biometrika 6:1–25, 1908):
/// what a few independent replicates say about their true mean. Made for differences of two systems, one per seed with which both were trained:
/// a bootstrap of so few values is too narrow, and a test of ranks can reach no small p value.
/// </summary>
/// <param name="Mean">The mean of the values.</param>
/// <param name="Lower">The lower end of the interval; NaN for a single value.</param>
/// <param name="Upper">The upper end of the interval; NaN for a single value.</param>
/// <param name="Confidence">The share of intervals like this one that hold the true mean, if values are normal.</param>
/// <param name="Count">The number of values n; there are n − 1 degrees of freedom.</param>
/// <param name="Statistic">t = mean / (s / √n), s with divisor n − 1; NaN for a single value, infinite where all values
/// are the same and not 0, 0 where all are 0.</param>
/// <param name="PValue">How often a true mean of 0 gives a |t| at least as large, from 0 to 1; NaN for a single value.</param>
/// <remarks>
/// <para>It assumes that the values are independent and normal. Means over many cases are nearly so, whatever the distribution over cases.</para>
/// <para>Immutable and safe to share between threads.</para>
/// </remarks>
public sealed record StudentTTest(double Mean, double Lower, double Upper, double Confidence, int Count, double Statistic, double PValue)
{
    /// <summary>Tests whether the mean of values is 0.</summary>
    /// <param name="values">The values of the replicates, at least one.</param>
    /// <param name="confidence">The confidence of the interval, from 0.5 to 0.999.</param>
    /// <exception cref="ArgumentException">There are no values, or one is NaN or infinite.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="confidence"/> is out of range.</exception>
    public static StudentTTest Of(IEnumerable<double> values, double confidence = 0.95)
    {
        ArgumentNullException.ThrowIfNull(values);
        if (confidence is not (>= 0.5 and <= 0.999))
            throw new ArgumentOutOfRangeException(nameof(confidence), confidence, "The confidence must be from 0.5 to 0.999.");
        double[] sample = values.ToArray();
        FiniteNumbers.Require(sample, nameof(values), "It must be left out or replaced before the test.");

        if (sample.Length == 1)
            return new StudentTTest(sample[0], double.NaN, double.NaN, confidence, 1, double.NaN, double.NaN);
        // Rounding must not give equal values a spread.
        if (Array.TrueForAll(sample, value => value == sample[0]))
        {
            return new StudentTTest(
                sample[0],
                sample[0],
                sample[0],
                confidence,
                sample.Length,
                sample[0] == 0 ? 0 : sample[0] * double.PositiveInfinity,
                sample[0] == 0 ? 1 : 0);
        }

        MeanAndDeviation summary = MeanAndDeviation.Of(sample);
        double freedom = sample.Length - 1;
        double error = summary.StandardDeviation / Math.Sqrt(sample.Length);
        double reach = error * StudentT.InvCDF(0, 1, freedom, (1 + confidence) / 2);
        double statistic = summary.Mean / error;
        double pValue = Math.Min(1, 2 * StudentT.CDF(0, 1, freedom, -Math.Abs(statistic)));
        return new StudentTTest(summary.Mean, summary.Mean - reach, summary.Mean + reach, confidence, sample.Length, statistic, pValue);
    }
}
