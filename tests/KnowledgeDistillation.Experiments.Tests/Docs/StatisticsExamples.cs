using FluentAssertions;
using KnowledgeDistillation.Experiments.Statistics;
using Xunit;

namespace KnowledgeDistillation.Experiments.Tests.Docs;

/// <summary>The code of docs/statistics.md.</summary>
public class StatisticsExamples
{
    [Fact]
    public void Is_the_student_better_than_the_baseline()
    {
        double[] student = [0.82, 0.75, 0.91, 0.64, 0.88, 0.79];
        double[] baseline = [0.78, 0.76, 0.85, 0.60, 0.80, 0.74];

        var test = WilcoxonSignedRank.Between(student, baseline);
        Console.WriteLine($"p = {test.PValue} ({(test.IsExact ? "exact" : "approximate")}), effect {test.RankBiserialCorrelation:0.00}, {test.Zeros} ties");

        test.Should().Be(new WilcoxonSignedRank(20, 1, 6, 0, 0.0625, true));
        test.RankBiserialCorrelation.Should().BeApproximately(19.0 / 21, 1e-12);
    }

    [Fact]
    public void By_how_much()
    {
        double[] student = [0.82, 0.75, 0.91, 0.64, 0.88, 0.79];
        double[] baseline = [0.78, 0.76, 0.85, 0.60, 0.80, 0.74];

        BootstrapInterval gain = BootstrapInterval.OfMean(student.Zip(baseline, (ours, theirs) => ours - theirs), seed: 1);
        Console.WriteLine($"{gain.Mean:0.000}, {100 * gain.Confidence} % interval {gain.Lower:0.000} to {gain.Upper:0.000}");

        gain.Mean.Should().BeApproximately(0.26 / 6, 1e-12);
        gain.Lower.Should().BeInRange(0, gain.Mean);
    }

    [Fact]
    public void In_several_regions_at_once()
    {
        IReadOnlyList<double> adjusted = HolmCorrection.Adjust([0.004, 0.03, 0.6]); // ET, TC, WT

        adjusted.Select(value => Math.Round(value, 12)).Should().Equal(0.012, 0.06, 0.6);
    }
}
