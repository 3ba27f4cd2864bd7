using KnowledgeDistillation.Experiments.Statistics;

namespace KnowledgeDistillation.Experiments.Reproduction.Results;

/// <summary>Compares every student with its baseline over several seeds.</summary>
internal static class PooledComparisons
{
    // Scores are from 0 to 1; a mean of differences that is nearer to 0 than this is 0 but for rounding, and must not be ranked.
    private const double Rounding = 1e-12;

    /// <summary>The comparisons, with Holm's correction for each grid and modality.</summary>
    /// <param name="states">One for each seed, in their order. The resamples of the intervals are drawn from the first
    /// seed and the order of runs and scores.</param>
    /// <param name="sharesCases">Whether all seeds have the same cases.</param>
    public static IReadOnlyList<PooledComparison> Of(IEnumerable<ReproductionState> states, bool sharesCases)
    {
        ReproductionState[] seeds = [.. states];
        PooledComparison[] comparisons =
        [
            .. seeds.SelectMany(state => BaselineComparisons.CasesOf(state))
                .GroupBy(compared => (compared.Student.Row, compared.Grid, compared.Region))
                .Select(group => Compare(
                    [.. group],
                    seeds.Sum(state => state.Plan.Count(run => run.Row == group.Key.Row)),
                    sharesCases,
                    seeds[0].Settings.Seed))
                .GroupBy(comparison => comparison.Row)
                .SelectMany(row => row),
        ];
        return Corrected(comparisons);
    }

    private static PooledComparison Compare(IReadOnlyList<ComparedCases> seeds, int plannedFolds, bool sharesCases, int resampling)
    {
        SeedDifference[] bySeed =
        [
            .. seeds.Select(seed => new SeedDifference(
                seed.Student.Settings.Seed,
                seed.Folds,
                seed.Cases.Count,
                seed.Cases.Average(pair => pair.Student),
                seed.Cases.Average(pair => pair.Baseline))),
        ];
        // A patient is one patient, with however many seeds it was segmented; a phantom of another seed is another phantom.
        double[] differences = sharesCases
            ? [.. seeds.SelectMany(seed => seed.Cases).GroupBy(pair => pair.CaseId).OrderBy(item => item.Key, StringComparer.Ordinal)
                .Select(item => WithoutRounding(item.Average(pair => pair.Difference)))]
            : [.. seeds.SelectMany(seed => seed.Cases).Select(pair => pair.Difference)];
        ComparedCases first = seeds[0];
        var overSeeds = StudentTTest.Of(bySeed.Select(seed => seed.Difference));
        var test = WilcoxonSignedRank.Of(differences);
        return new PooledComparison
        {
            Row = first.Student.Row,
            Baseline = first.Baseline,
            Modality = first.Student.Modality,
            Grid = first.Grid,
            Region = first.Region,
            PlannedFolds = plannedFolds,
            Seeds = bySeed,
            OverSeeds = overSeeds,
            OverCases = BootstrapInterval.OfMean(differences, resampling),
            Test = test,
            AdjustedPValue = test.PValue,
            AdjustedPValueOverSeeds = overSeeds.PValue,
            FamilySize = 1,
            Wins = differences.Count(difference => difference > 0),
            Losses = differences.Count(difference => difference < 0),
        };
    }

    private static double WithoutRounding(double difference) => Math.Abs(difference) <= Rounding ? 0 : difference;

    private static PooledComparison[] Corrected(PooledComparison[] comparisons)
    {
        foreach (int[] family in Enumerable.Range(0, comparisons.Length).GroupBy(i => (comparisons[i].Grid, comparisons[i].Modality))
            .Select(group => group.ToArray()))
        {
            IReadOnlyList<double> overCases = HolmCorrection.Adjust(family.Select(i => comparisons[i].Test.PValue));
            // A row of a single seed has no p over seeds, and is no test.
            int[] tested = [.. family.Where(i => comparisons[i].Seeds.Count > 1)];
            IReadOnlyList<double> overSeeds = tested.Length == 0 ? [] : HolmCorrection.Adjust(tested.Select(i => comparisons[i].OverSeeds.PValue));
            for (int i = 0; i < family.Length; i++)
                comparisons[family[i]] = comparisons[family[i]] with { AdjustedPValue = overCases[i], FamilySize = family.Length };
            for (int i = 0; i < tested.Length; i++)
                comparisons[tested[i]] = comparisons[tested[i]] with { AdjustedPValueOverSeeds = overSeeds[i] };
        }

        return comparisons;
    }
}
