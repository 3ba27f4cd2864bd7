using FluentAssertions;
using KnowledgeDistillation.Experiments.Statistics;
using Xunit;

namespace KnowledgeDistillation.Experiments.Tests.Statistics;

public class MeanAndDeviationTests
{
    [Fact]
    public void Scores_that_are_NaN_are_left_out_and_counted()
    {
        // 2, 4, 9: mean 5, squares 9 + 1 + 16 = 26, divided by n − 1 = 2.
        MeanAndDeviation summary = MeanAndDeviation.Of([2, double.NaN, 4, 9, double.NaN]);
        summary.Should().Be(new MeanAndDeviation(5, Math.Sqrt(13), 3, 2));
        summary.ToString().Should().Be("5.0000 ± 3.6056 (n = 3)");
    }

    [Fact]
    public void One_score_has_no_deviation() => MeanAndDeviation.Of([0.5]).Should().Be(new MeanAndDeviation(0.5, double.NaN, 1, 0));

    [Fact]
    public void Nothing_has_no_mean() => MeanAndDeviation.Of([double.NaN]).Should().Be(new MeanAndDeviation(double.NaN, double.NaN, 0, 1));

    [Fact]
    public void An_infinite_distance_is_not_hidden() =>
        MeanAndDeviation.Of([1, double.PositiveInfinity, 2]).Should().Be(new MeanAndDeviation(double.PositiveInfinity, double.NaN, 3, 0));
}
