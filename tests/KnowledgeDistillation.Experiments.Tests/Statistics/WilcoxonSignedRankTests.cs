using CsCheck;
using FluentAssertions;
using KnowledgeDistillation.Experiments.Statistics;
using Xunit;

namespace KnowledgeDistillation.Experiments.Tests.Statistics;

public class WilcoxonSignedRankTests
{
    // Few sizes, so that ties and zeros are common.
    private static readonly Gen<double[]> Differences = Gen.Int[-5, 5].Select(difference => (double)difference).Array[1, 12];

    [Fact]
    public void Darwins_maize_as_in_Fisher_1935()
    {
        // Fisher, "The Design of Experiments", 1935, section 17: heights of cross- less self-fertilized plants in eighths of an inch.
        // The negative ones, 48 and 67, are the 10th and 14th of 15 sizes. For 1352 of the 32,768 signs the smaller rank sum is at most 24.
        WilcoxonSignedRank test = WilcoxonSignedRank.Of([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]);
        test.Should().Be(new WilcoxonSignedRank(96, 24, 15, 0, 1352.0 / 32768, true));
        test.RankBiserialCorrelation.Should().Be(72.0 / 120);
    }

    [Fact]
    public void Depression_scores_as_in_Hollander_and_Wolfe_1973()
    {
        // Hollander and Wolfe, "Nonparametric Statistical Methods", 1973, pp. 27-33: Hamilton's depression factor at two visits.
        // T⁺ = 40, one-sided p = 0.0195 = 10 / 512.
        var test = WilcoxonSignedRank.Between(
            [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30],
            [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]);
        test.Should().Be(new WilcoxonSignedRank(40, 5, 9, 0, 20.0 / 512, true));
    }

    [Fact]
    public void Nursery_school_as_in_Siegel_1956()
    {
        // Siegel, "Nonparametric Statistics for the Behavioral Sciences", 1956, pp. 77-79: T = 4 with N = 8; {}, 1, 2, 3, 4, 1+2 and 1+3 are the 7
        // of 256 sets of ranks that add up to 4 at most.
        var test = WilcoxonSignedRank.Between([82, 69, 73, 43, 58, 56, 76, 65], [63, 42, 74, 37, 51, 43, 80, 62]);
        test.Statistic.Should().Be(4);
        test.PValue.Should().Be(14.0 / 256);
    }

    [Fact]
    public void Twins_with_ties_and_a_zero_as_in_Conover_1999()
    {
        // Conover, "Practical Nonparametric Statistics", 3rd edition 1999, section 5.7, example 1: T⁺ = 24.5 of 66, with one pair alike and two pairs of ties.
        var test = WilcoxonSignedRank.Between([88, 77, 76, 64, 96, 72, 65, 90, 65, 80, 81, 72], [86, 71, 77, 68, 91, 72, 77, 91, 70, 71, 88, 87]);
        (test.PositiveRankSum, test.NegativeRankSum, test.Count, test.Zeros).Should().Be((24.5, 41.5, 11, 1));
        test.PValue.Should().Be(EnumeratedPValue([2, 6, -1, -4, 5, -12, -1, -5, 9, -7, -15]));
    }

    [Theory]
    [InlineData(6, 0)]
    [InlineData(7, 2)]
    [InlineData(8, 3)]
    [InlineData(9, 5)]
    [InlineData(10, 8)]
    [InlineData(11, 10)]
    [InlineData(12, 13)]
    [InlineData(13, 17)]
    [InlineData(14, 21)]
    [InlineData(15, 25)]
    [InlineData(16, 29)]
    [InlineData(17, 34)]
    [InlineData(18, 40)]
    [InlineData(19, 46)]
    [InlineData(20, 52)]
    [InlineData(25, 89)]
    [InlineData(30, 137)]
    [InlineData(40, 264)]
    [InlineData(50, 434)]
    public void Critical_values_at_5_percent_are_those_of_the_tables(int pairs, int critical)
    {
        // McCornack, "Extended Tables of the Wilcoxon Matched Pair Signed Rank Statistic", Journal of the American
        // Statistical Association 60:864-871, 1965, two-sided.
        int[] doubledRanks = [.. Enumerable.Range(1, pairs).Select(rank => 2 * rank)];
        WilcoxonSignedRank.ExactPValue(doubledRanks, 2 * critical).Should().BeLessThanOrEqualTo(0.05);
        WilcoxonSignedRank.ExactPValue(doubledRanks, 2 * (critical + 1)).Should().BeGreaterThan(0.05);
    }

    [Fact]
    public void The_p_value_is_that_of_all_signs_also_with_ties() => Differences.Sample(differences =>
    {
        WilcoxonSignedRank test = WilcoxonSignedRank.Of(differences);
        test.IsExact.Should().BeTrue();
        test.PValue.Should().Be(EnumeratedPValue(differences));
    }, iter: 300);

    [Fact]
    public void Swapped_samples_turn_the_effect_round_and_keep_the_p_value() =>
        Gen.Select(Gen.Double[0, 1].Array[1, 150], Gen.Int[0, 1_000_000]).Sample((first, seed) =>
        {
            double[] second = [.. first.Select((_, i) => (((seed + (i * 7919)) % 101) + 0.5) / 101)];
            var test = WilcoxonSignedRank.Between(first, second);
            var swapped = WilcoxonSignedRank.Between(second, first);
            swapped.PValue.Should().Be(test.PValue);
            swapped.RankBiserialCorrelation.Should().Be(-test.RankBiserialCorrelation);
            swapped.Statistic.Should().Be(test.Statistic);
            test.PValue.Should().BePositive().And.BeLessThanOrEqualTo(1);
            (test.PositiveRankSum + test.NegativeRankSum).Should().Be(test.Count * (test.Count + 1) / 2.0);
        }, iter: 300);

    [Fact]
    public void Only_the_order_of_the_sizes_matters() => Differences.Sample(differences =>
        WilcoxonSignedRank.Of(differences.Select(difference => difference * difference * difference))
            .Should().Be(WilcoxonSignedRank.Of(differences)), iter: 300);

    [Fact]
    public void Above_100_pairs_the_approximation_is_that_of_the_formula()
    {
        // 2 to 126 negative of 200: W⁻ = 126·127/2 − 1 = 8000; mean 200·201/4 = 10,050; variance 200·201·401/24 = 671,675; z = (2050 − 0.5) / 819.557.
        WilcoxonSignedRank test = WilcoxonSignedRank.Of(Enumerable.Range(1, 200).Select(size => size is >= 2 and <= 126 ? -(double)size : size));
        test.Statistic.Should().Be(8000);
        test.IsExact.Should().BeFalse();
        test.PValue.Should().BeApproximately(UpperTail(2049.5 / Math.Sqrt(671_675)), 1e-9);
    }

    [Fact]
    public void Ties_lessen_the_variance_of_the_approximation()
    {
        // 150 pairs in 3 groups of 50 sizes; of each group 30 positive: mid-ranks 25.5, 75.5, 125.5; W⁻ = 20 · 226.5 = 4530; mean 150·151/4 = 5662.5;
        // variance 150·151·301/24 − 3·(50³ − 50)/48.
        WilcoxonSignedRank test = WilcoxonSignedRank.Of(Enumerable.Range(0, 150).Select(i => ((i % 3) + 1) * (i / 3 < 30 ? 0.1 : -0.1)));
        test.Statistic.Should().Be(4530);
        double variance = (150 * 151 * 301 / 24.0) - (3 * ((50 * 50 * 50) - 50) / 48.0);
        test.PValue.Should().BeApproximately(UpperTail((5662.5 - 4530 - 0.5) / Math.Sqrt(variance)), 1e-9);
    }

    [Theory]
    [InlineData(2525)]
    [InlineData(2200)]
    [InlineData(1955)]
    [InlineData(1750)]
    public void At_the_change_from_exact_to_approximate_the_two_agree(int rankSum)
    {
        int[] doubledRanks = [.. Enumerable.Range(1, WilcoxonSignedRank.LargestExactCount).Select(rank => 2 * rank)];
        double exact = WilcoxonSignedRank.ExactPValue(doubledRanks, 2 * rankSum);
        WilcoxonSignedRank.NormalPValue(doubledRanks, 2 * rankSum).Should().BeApproximately(exact, 0.0015);
    }

    [Fact]
    public void Rounding_makes_no_ranks()
    {
        // 0.3 − 0.1 is 0.19999999999999998.
        var test = WilcoxonSignedRank.Between([0.3, 0.0], [0.1, 0.2]);
        (test.PositiveRankSum, test.NegativeRankSum, test.PValue).Should().Be((1.5, 1.5, 1));
    }

    [Fact]
    public void Pairs_that_are_all_alike_show_nothing()
    {
        var test = WilcoxonSignedRank.Between([0.5, 0.7], [0.5, 0.7]);
        test.Should().Be(new WilcoxonSignedRank(0, 0, 0, 2, 1, true));
        test.RankBiserialCorrelation.Should().Be(0);
    }

    [Fact]
    public void A_hundred_thousand_pairs_do_not_overflow() =>
        WilcoxonSignedRank.Of(Enumerable.Range(1, 100_000).Select(size => size % 2 == 0 ? size : -(double)size)).PValue.Should().BeInRange(0.9, 1);

    [Fact]
    public void Samples_that_are_no_pairs_are_refused()
    {
        FluentActions.Invoking(() => WilcoxonSignedRank.Between([1, 2], [1])).Should().Throw<ArgumentException>().WithMessage("*2 and 1 scores*");
        FluentActions.Invoking(() => WilcoxonSignedRank.Between([], [])).Should().Throw<ArgumentException>().WithMessage("*at least one*");
        FluentActions.Invoking(() => WilcoxonSignedRank.Of([1, double.NaN])).Should().Throw<ArgumentException>().WithMessage("Value 2 of 2 is NaN*");
        FluentActions.Invoking(() => WilcoxonSignedRank.Between([double.PositiveInfinity], [1])).Should().Throw<ArgumentException>().WithMessage("*Infinity*");
    }

    /// <summary>Looks at all signs of the differences that are not zero.</summary>
    private static double EnumeratedPValue(double[] differences)
    {
        double[] sizes = [.. differences.Where(difference => difference != 0).Select(Math.Abs)];
        double[] ranks = [.. sizes.Select(size => sizes.Count(other => other < size) + ((sizes.Count(other => other == size) + 1) / 2.0))];
        double Smaller(Func<int, bool> isPositive)
        {
            double positive = ranks.Where((_, i) => isPositive(i)).Sum();
            return Math.Min(positive, ranks.Sum() - positive);
        }

        double[] signed = [.. differences.Where(difference => difference != 0)];
        double observed = Smaller(i => signed[i] > 0);
        int patterns = 1 << sizes.Length;
        return Enumerable.Range(0, patterns).Count(bits => Smaller(i => (bits >> i & 1) == 1) <= observed) / (double)patterns;
    }

    /// <summary>2 · P(Z ≥ z) of the normal distribution, by Simpson's rule.</summary>
    private static double UpperTail(double z)
    {
        const int Steps = 10_000;
        double width = (12 - z) / Steps;
        double sum = 0;
        for (int i = 0; i <= Steps; i++)
        {
            double x = z + (i * width);
            sum += (i is 0 or Steps ? 1 : i % 2 == 1 ? 4 : 2) * Math.Exp(-x * x / 2);
        }

        return 2 * sum * width / 3 / Math.Sqrt(2 * Math.PI);
    }
}
