using FluentAssertions;
using KnowledgeDistillation.Experiments.Statistics;
using MathNet.Numerics.Random;
using Xunit;

namespace KnowledgeDistillation.Experiments.Tests.Statistics;

public sealed class StudentTTestTests
{
    // Hours of additional sleep, the second drug against the first, of the ten patients of Student's paper (1908).
    private static readonly double[] Sleep = [1.2, 2.4, 1.3, 1.3, 0, 1.0, 1.8, 0.8, 4.6, 1.4];

    [Fact]
    public void Students_own_example_has_the_figures_that_are_known()
    {
        StudentTTest test = StudentTTest.Of(Sleep);

        test.Mean.Should().BeApproximately(1.58, 1e-12);
        test.Statistic.Should().BeApproximately(4.0621, 5e-5);
        test.PValue.Should().BeApproximately(0.002833, 5e-7);
        test.Lower.Should().BeApproximately(0.7001142, 5e-8);
        test.Upper.Should().BeApproximately(2.4598858, 5e-8);
        test.Count.Should().Be(10);
    }

    [Theory]
    // Quantiles of t as tables print them: 97.5 % for 1, 2, 4 and 9 degrees of freedom.
    [InlineData(2, 12.706)]
    [InlineData(3, 4.303)]
    [InlineData(5, 2.776)]
    [InlineData(10, 2.262)]
    public void The_interval_reaches_as_many_standard_errors_as_tables_say(int count, double quantile)
    {
        double[] values = [.. Enumerable.Range(0, count).Select(i => 3 + Math.Sin(i))];
        StudentTTest test = StudentTTest.Of(values);

        double error = MeanAndDeviation.Of(values).StandardDeviation / Math.Sqrt(count);
        ((test.Upper - test.Lower) / (2 * error)).Should().BeApproximately(quantile, 6e-4);
        ((test.Upper + test.Lower) / 2).Should().BeApproximately(test.Mean, 1e-12);
    }

    [Fact]
    public void P_is_the_confidence_at_which_the_interval_reaches_0_and_does_not_depend_on_sign_or_unit()
    {
        StudentTTest test = StudentTTest.Of(Sleep);
        StudentTTest.Of(Sleep, 1 - test.PValue).Lower.Should().BeApproximately(0, 1e-6);
        StudentTTest turned = StudentTTest.Of(Sleep.Select(value => -60 * value));
        turned.PValue.Should().BeApproximately(test.PValue, 1e-12);
        turned.Statistic.Should().BeApproximately(-test.Statistic, 1e-12);
        turned.Upper.Should().BeApproximately(-60 * test.Lower, 1e-9);
    }

    [Fact]
    public void Intervals_of_five_normal_values_hold_the_true_mean_as_often_as_they_say()
    {
        const int Samples = 4000;
        var random = new Xoshiro256StarStar(5, threadSafe: false);
        int held = Enumerable.Range(0, Samples).Count(_ =>
        {
            StudentTTest test = StudentTTest.Of(Enumerable.Range(0, 5).Select(_ => MathNet.Numerics.Distributions.Normal.Sample(random, 0.3, 2)));
            return test.Lower <= 0.3 && 0.3 <= test.Upper;
        });

        // The standard deviation of the share is 0.0034.
        ((double)held / Samples).Should().BeApproximately(0.95, 0.014);
    }

    [Fact]
    public void A_single_value_says_nothing_about_its_spread()
    {
        StudentTTest test = StudentTTest.Of([0.4]);
        test.Mean.Should().Be(0.4);
        new[] { test.Lower, test.Upper, test.Statistic, test.PValue }.Should().OnlyContain(value => double.IsNaN(value));
    }

    [Fact]
    public void Values_that_are_all_the_same_have_an_interval_of_no_width()
    {
        StudentTTest.Of([0, 0, 0]).Should().Be(new StudentTTest(0, 0, 0, 0.95, 3, 0, 1));
        StudentTTest.Of([-0.1, -0.1, -0.1]).Should().Be(new StudentTTest(-0.1, -0.1, -0.1, 0.95, 3, double.NegativeInfinity, 0));
    }

    [Fact]
    public void What_is_no_sample_is_refused()
    {
        FluentActions.Invoking(() => StudentTTest.Of([])).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => StudentTTest.Of([1, double.NaN])).Should().Throw<ArgumentException>().WithMessage("*Value 2 of 2 is NaN*");
        FluentActions.Invoking(() => StudentTTest.Of([1], 0.4)).Should().Throw<ArgumentOutOfRangeException>();
    }
}
