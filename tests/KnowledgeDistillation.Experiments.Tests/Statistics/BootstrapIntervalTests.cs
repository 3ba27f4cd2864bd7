using CsCheck;
using FluentAssertions;
using KnowledgeDistillation.Experiments.Statistics;
using MathNet.Numerics.Distributions;
using Xunit;

namespace KnowledgeDistillation.Experiments.Tests.Statistics;

public class BootstrapIntervalTests
{
    // Davison and Hinkley, "Bootstrap Methods and their Application", 1997, table 1.2: hours between failures of air-conditioning.
    private static readonly double[] AirConditioning = [3, 5, 7, 18, 43, 85, 91, 98, 100, 130, 230, 487];

    private static readonly Gen<double[]> Samples = Gen.Int[-1000, 1000].Select(value => value / 1000.0).Array[2, 40]
        .Where(sample => sample.Distinct().Count() > 1);

    [Fact]
    public void Air_conditioning_as_in_Davison_and_Hinkley_1997()
    {
        // Their example 5.8 has the acceleration. The limits are those of R's boot package with 5000 resamples, which makes them uncertain by about one hour.
        BootstrapInterval interval = BootstrapInterval.OfMean(AirConditioning, seed: 1, resamples: 100_000);
        interval.Mean.Should().BeApproximately(108.083, 0.001);
        BootstrapInterval.Acceleration(AirConditioning, interval.Mean).Should().BeApproximately(0.0938, 0.00005);
        interval.Lower.Should().BeApproximately(57.1, 1);
        interval.Upper.Should().BeApproximately(223.5, 3);
    }

    [Fact]
    public void Enough_resamples_give_the_interval_of_all_resamples()
    {
        double[] sample = [0.0113, -0.0207, 0.0551, 0.1309, 0.0402, 0.0223];
        (double lower, double upper) = IdealInterval(sample);
        BootstrapInterval interval = BootstrapInterval.OfMean(sample, seed: 3, resamples: 400_000);
        interval.Lower.Should().BeApproximately(lower, 0.0005);
        interval.Upper.Should().BeApproximately(upper, 0.0005);
    }

    [Fact]
    public void The_acceleration_is_that_of_the_jackknife() => Samples.Sample(sample =>
    {
        double mean = sample.Average();
        double[] leftOut = [.. sample.Select((_, i) => sample.Where((_, j) => j != i).Average())];
        double[] influence = [.. leftOut.Select(value => leftOut.Average() - value)];
        double jackknife = influence.Sum(value => Math.Pow(value, 3)) / (6 * Math.Pow(influence.Sum(value => value * value), 1.5));
        BootstrapInterval.Acceleration(sample, mean).Should().BeApproximately(jackknife, 1e-6);
    });

    [Fact]
    public void Many_values_give_the_interval_of_normal_theory()
    {
        double[] sample = [.. Enumerable.Range(1, 999).Select(i => Normal.InvCDF(0.3, 2, i / 1000.0))];
        double halfWidth = 1.959964 * MeanAndDeviation.Of(sample).StandardDeviation / Math.Sqrt(sample.Length);
        BootstrapInterval interval = BootstrapInterval.OfMean(sample);
        interval.Lower.Should().BeApproximately(0.3 - halfWidth, 0.05 * halfWidth);
        interval.Upper.Should().BeApproximately(0.3 + halfWidth, 0.05 * halfWidth);
    }

    [Fact]
    public void About_95_of_100_intervals_hold_the_true_mean_of_skewed_values()
    {
        var random = new Random(1);
        int held = 0;
        for (int trial = 0; trial < 500; trial++)
        {
            double[] sample = [.. Enumerable.Range(0, 40).Select(_ => -Math.Log(1 - random.NextDouble()))];
            BootstrapInterval interval = BootstrapInterval.OfMean(sample, seed: trial, resamples: 1000);
            held += interval.Lower <= 1 && 1 <= interval.Upper ? 1 : 0;
        }

        held.Should().BeInRange(455, 490);
    }

    [Fact]
    public void The_interval_moves_scales_and_turns_with_the_values() => Samples.Sample(sample =>
    {
        BootstrapInterval interval = BootstrapInterval.OfMean(sample, resamples: 1000);
        BootstrapInterval turned = BootstrapInterval.OfMean(sample.Select(value => 3 - (2 * value)), resamples: 1000);
        turned.Lower.Should().BeApproximately(3 - (2 * interval.Upper), 1e-9);
        turned.Upper.Should().BeApproximately(3 - (2 * interval.Lower), 1e-9);
        interval.Mean.Should().BeInRange(interval.Lower, interval.Upper);
    }, iter: 50);

    [Fact]
    public void A_higher_confidence_gives_a_wider_interval()
    {
        BootstrapInterval usual = BootstrapInterval.OfMean(AirConditioning);
        BootstrapInterval wider = BootstrapInterval.OfMean(AirConditioning, confidence: 0.99);
        wider.Lower.Should().BeLessThan(usual.Lower);
        wider.Upper.Should().BeGreaterThan(usual.Upper);
        (usual.Confidence, usual.Count).Should().Be((0.95, 12));
    }

    [Fact]
    public void The_seed_determines_the_interval()
    {
        BootstrapInterval.OfMean(AirConditioning, seed: 5).Should().Be(BootstrapInterval.OfMean(AirConditioning, seed: 5));
        BootstrapInterval.OfMean(AirConditioning, seed: 5).Should().NotBe(BootstrapInterval.OfMean(AirConditioning, seed: 6));
    }

    [Fact]
    public void One_value_has_no_interval() => BootstrapInterval.OfMean([0.2]).Should().Be(new BootstrapInterval(0.2, double.NaN, double.NaN, 0.95, 1));

    [Fact]
    public void Values_that_are_all_the_same_have_an_interval_of_no_width() =>
        BootstrapInterval.OfMean([0.1, 0.1, 0.1]).Should().Be(new BootstrapInterval(0.1, 0.1, 0.1, 0.95, 3));

    [Fact]
    public void Tiny_values_have_an_interval_like_others()
    {
        BootstrapInterval interval = BootstrapInterval.OfMean(AirConditioning);
        BootstrapInterval tiny = BootstrapInterval.OfMean(AirConditioning.Select(hours => hours * 1e-200));
        (tiny.Upper * 1e200).Should().BeApproximately(interval.Upper, 1e-9);
    }

    [Fact]
    public void What_has_no_mean_is_refused()
    {
        FluentActions.Invoking(() => BootstrapInterval.OfMean([])).Should().Throw<ArgumentException>().WithMessage("*at least one*");
        FluentActions.Invoking(() => BootstrapInterval.OfMean([1, double.NaN, 2])).Should().Throw<ArgumentException>().WithMessage("Value 2 of 3 is NaN*");
        FluentActions.Invoking(() => BootstrapInterval.OfMean([1, 2], confidence: 95)).Should().Throw<ArgumentOutOfRangeException>()
            .WithMessage("*from 0.5 to 0.999*");
        FluentActions.Invoking(() => BootstrapInterval.OfMean([1, 2], resamples: 100)).Should().Throw<ArgumentOutOfRangeException>();
    }

    /// <summary>The interval from all nⁿ resamples, each once.</summary>
    private static (double Lower, double Upper) IdealInterval(double[] sample)
    {
        int n = sample.Length;
        double[] means = new double[(int)Math.Pow(n, n)];
        for (int code = 0; code < means.Length; code++)
        {
            double sum = 0;
            for (int draw = 0, rest = code; draw < n; draw++, rest /= n)
                sum += sample[rest % n];
            means[code] = sum / n;
        }

        Array.Sort(means);
        double mean = sample.Average();
        double bias = Normal.InvCDF(
            0, 1, (means.Count(value => value < mean - 1e-12) + (means.Count(value => Math.Abs(value - mean) <= 1e-12) / 2.0)) / means.Length);
        double acceleration = sample.Sum(value => Math.Pow(value - mean, 3)) / (6 * Math.Pow(sample.Sum(value => Math.Pow(value - mean, 2)), 1.5));
        double End(double z) => means[(int)Math.Round(Normal.CDF(0, 1, bias + ((bias + z) / (1 - (acceleration * (bias + z))))) * (means.Length - 1))];
        return (End(-1.959964), End(1.959964));
    }
}
