using MathNet.Numerics.Distributions;

namespace KnowledgeDistillation.Experiments.Statistics;

/// <summary>
/// The signed-rank test of paired samples, two-sided (Wilcoxon, "Individual Comparisons by Ranking Methods", Biometrics Bulletin 1:80–83, 1945):
/// is one of two systems, both scored on the same cases, the better one? It assumes that cases are independent and that, if the systems do not differ,
/// a difference is as likely to be positive as negative; not that differences are normal.
/// </summary>
/// <param name="PositiveRankSum">W⁺, the sum of the ranks of the positive differences.</param>
/// <param name="NegativeRankSum">W⁻, the sum of the ranks of the negative differences.</param>
/// <param name="Count">The number of pairs that differ; those that are ranked.</param>
/// <param name="Zeros">The number of pairs that do not differ, which Wilcoxon's rule drops before the ranks are given.</param>
/// <param name="PValue">How often signs drawn at random give rank sums at least as far apart: from 0 to 1; 1 where no pair differs.</param>
/// <param name="IsExact">Whether <paramref name="PValue"/> is exact, given the ranks, and not by the normal approximation.</param>
/// <remarks>
/// <para>Differences of the same size share the mean of their ranks. They count as the same size if they agree to within 10⁻¹² of the larger one,
/// so that rounding (0.3 − 0.1 is not 0.2 − 0) makes no ranks.</para>
/// <para>
/// Up to <see cref="LargestExactCount"/> pairs the p value is exact, also with ties: the rank sum's distribution over all 2ⁿ signs, by adding one rank
/// after another. Above, the normal approximation with variance Σ rank² / 4, which is n(n + 1)(2n + 1) / 24 − Σ (t³ − t) / 48 over the groups of t ties,
/// and with a continuity correction of 1/2 (Lehmann, "Nonparametrics", 1975, section 3.2).
/// </para>
/// <para>Immutable and safe to share between threads.</para>
/// </remarks>
public sealed record WilcoxonSignedRank(double PositiveRankSum, double NegativeRankSum, int Count, int Zeros, double PValue, bool IsExact)
{
    /// <summary>The largest number of pairs that differ, 100, for which the p value is exact.</summary>
    public const int LargestExactCount = 100;

    private const double TieTolerance = 1e-12;

    /// <summary>The smaller of the two rank sums: what tables of the test call T.</summary>
    public double Statistic => Math.Min(PositiveRankSum, NegativeRankSum);

    /// <summary>
    /// The effect size: the matched-pairs rank-biserial correlation (W⁺ − W⁻) / (W⁺ + W⁻) (Kerby, "The Simple Difference Formula", Comprehensive Psychology 3,
    /// 2014), from −1, where every pair that differs is negative, to 1, where every one is positive; 0 where none differs.
    /// </summary>
    public double RankBiserialCorrelation => Count == 0 ? 0 : (PositiveRankSum - NegativeRankSum) / (PositiveRankSum + NegativeRankSum);

    /// <summary>Tests the differences first − second.</summary>
    /// <param name="first">One score per case.</param>
    /// <param name="second">The other system's scores of the same cases, in the same order.</param>
    /// <exception cref="ArgumentException">There are no pairs, more scores of one than of the other, or a difference is NaN or infinite.</exception>
    public static WilcoxonSignedRank Between(IReadOnlyList<double> first, IReadOnlyList<double> second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (first.Count != second.Count)
            throw new ArgumentException($"Paired samples must be equally long, but there are {first.Count} and {second.Count} scores.", nameof(second));
        return Of(first.Zip(second, (left, right) => left - right));
    }

    /// <summary>Tests differences of pairs.</summary>
    /// <param name="differences">One difference per case.</param>
    /// <exception cref="ArgumentException">There are no differences, or one is NaN or infinite.</exception>
    public static WilcoxonSignedRank Of(IEnumerable<double> differences)
    {
        ArgumentNullException.ThrowIfNull(differences);
        double[] all = differences.ToArray();
        FiniteNumbers.Require(all, nameof(differences), "A pair with a missing or infinite score must be left out, or its score be replaced, before the test.");
        double[] ranked = Array.FindAll(all, difference => difference != 0);
        Array.Sort(ranked, (left, right) => Math.Abs(left).CompareTo(Math.Abs(right)));
        int[] doubledRanks = DoubledRanks(ranked);

        long positive = 0, negative = 0;
        for (int i = 0; i < ranked.Length; i++)
        {
            if (ranked[i] > 0)
                positive += doubledRanks[i];
            else
                negative += doubledRanks[i];
        }

        bool exact = ranked.Length <= LargestExactCount;
        long smaller = Math.Min(positive, negative);
        double pValue = exact ? ExactPValue(doubledRanks, smaller) : NormalPValue(doubledRanks, smaller);
        return new WilcoxonSignedRank(positive / 2.0, negative / 2.0, ranked.Length, all.Length - ranked.Length, pValue, exact);
    }

    /// <summary>The two-sided p value from the distribution over all signs.</summary>
    /// <param name="doubledRanks">Twice the ranks: whole numbers, also with ties.</param>
    /// <param name="smaller">Twice the smaller of the two rank sums.</param>
    internal static double ExactPValue(IReadOnlyList<int> doubledRanks, long smaller)
    {
        // Entry s: the probability that the ranks so far with a positive sign add up to s. Sums of positive terms, so nothing cancels.
        double[] probabilities = new double[doubledRanks.Sum() + 1];
        probabilities[0] = 1;
        int reached = 0;
        foreach (int rank in doubledRanks)
        {
            reached += rank;
            for (int sum = reached; sum >= 0; sum--)
                probabilities[sum] = (probabilities[sum] + (sum >= rank ? probabilities[sum - rank] : 0)) / 2;
        }

        double tail = 0;
        for (int sum = 0; sum <= smaller; sum++)
            tail += probabilities[sum];
        return Math.Min(1, 2 * tail);
    }

    /// <summary>The two-sided p value by the normal approximation with continuity correction.</summary>
    /// <param name="doubledRanks">Twice the ranks.</param>
    /// <param name="smaller">Twice the smaller of the two rank sums.</param>
    internal static double NormalPValue(IReadOnlyList<int> doubledRanks, long smaller)
    {
        double mean = doubledRanks.Sum(rank => rank / 2.0) / 2;
        double variance = doubledRanks.Sum(rank => rank / 2.0 * (rank / 2.0)) / 4;
        double distance = Math.Max(0, mean - (smaller / 2.0) - 0.5);
        return Math.Min(1, 2 * Normal.CDF(0, 1, -distance / Math.Sqrt(variance)));
    }

    // Twice the ranks are whole numbers: tied ranks are halves at worst.
    private static int[] DoubledRanks(double[] sorted)
    {
        int[] doubled = new int[sorted.Length];
        for (int start = 0, end; start < sorted.Length; start = end)
        {
            end = start + 1;
            while (end < sorted.Length && Math.Abs(sorted[end]) - Math.Abs(sorted[start]) <= TieTolerance * Math.Abs(sorted[end]))
                end++;
            Array.Fill(doubled, start + 1 + end, start, end - start);
        }

        return doubled;
    }
}
