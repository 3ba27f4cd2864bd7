using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Statistics;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Networks;

namespace KnowledgeDistillation.Experiments.Reproduction.Results;

/// <summary>Compares every student with the baseline of the same network, skip connections included, that sees the same modality.</summary>
internal static class BaselineComparisons
{
    // Scores are from 0 to 1; a mean of differences that is nearer to 0 than this is 0 but for rounding, and must not be ranked.
    private const double Rounding = 1e-12;

    /// <summary>
    /// The comparisons of rows that are done in at least one fold together with their baseline, in the order of the plan,
    /// with Holm's correction for each grid and modality.
    /// </summary>
    /// <param name="states">
    /// One for each seed, in their order. The resamples of the intervals are drawn from the first seed and the order of runs and scores.
    /// </param>
    /// <param name="sharesCases">Whether all seeds have the same cases.</param>
    public static IReadOnlyList<Comparison> Of(IReadOnlyList<ReproductionState> states, bool sharesCases) => Corrected(
    [
        .. states.SelectMany(CasesOf)
            .GroupBy(compared => (compared.Student.Row, compared.Grid, compared.Region))
            .Select(group => Compare(
                [.. group],
                states.Sum(state => state.Plan.Count(run => run.Row == group.Key.Row)),
                sharesCases,
                states[0].Settings.Seed))
            .GroupBy(comparison => comparison.Row)
            .SelectMany(row => row),
    ]);

    /// <summary>The cases that both a student and its baseline have scored, for each student's row, grid and region, in the order of the plan.</summary>
    public static IEnumerable<ComparedCases> CasesOf(ReproductionState state)
    {
        ILookup<string, FinishedRun> finished = state.Finished.ToLookup(run => run.Run.Row);
        foreach (IGrouping<string, PlannedRun> student in state.Plan.Where(IsStudent).GroupBy(run => run.Row))
        {
            if (BaselineOf(student.First(), state.Plan) is not { } baseline)
                continue;
            var pairs =
                from run in finished[student.Key]
                from baselineRun in finished[baseline.Row].Where(other => other.Run.Settings.Fold == run.Run.Settings.Fold)
                from pair in run.Scores.Join(baselineRun.Scores, Compared, Compared, (score, baselineScore) => (Of: score, Baseline: baselineScore.Region.Dice))
                select (pair.Of.Grid, pair.Of.Region.Region, Case: new ComparedCase(run.Run.Settings.Fold, pair.Of.CaseId, pair.Of.Region.Dice, pair.Baseline));
            foreach (var group in pairs
                .GroupBy(pair => (pair.Grid, pair.Region), pair => pair.Case)
                .OrderBy(group => group.Key.Grid)
                .ThenBy(group => ReproductionResults.RegionOrder(state.Settings.Data.Regions, group.Key.Region)))
                yield return new ComparedCases(student.First(), baseline.Row, student.Count(), group.Key.Grid, group.Key.Region, [.. group]);
        }
    }

    /// <summary>Whether a run trains a network that sees one modality with help of others.</summary>
    public static bool IsStudent(PlannedRun run) => run.System.Inputs == SystemInputs.OneModality && run.System.Name != SegmentationSystems.Baseline.Name;

    /// <summary>A run of the baseline of a student's row; null where the plan has none.</summary>
    public static PlannedRun? BaselineOf(PlannedRun student, IReadOnlyList<PlannedRun> plan) => plan.FirstOrDefault(run =>
        run.System.Name == SegmentationSystems.Baseline.Name && run.Modality == student.Modality && NetworkOf(run) == NetworkOf(student));

    // What a setting leaves to the network's default equals that default, named.
    private static (Type Kind, int? Width, int? Levels, int? SkipConnections) NetworkOf(PlannedRun run)
    {
        NetworkRecipe recipe = run.Settings.Recipe([run.Modality], run.Settings.Classes.Channels);
        var network = recipe as UShapedNetworkOptions;
        return (recipe.GetType(), network?.BaseWidth, network?.Levels, network?.SkipConnections ?? run.Settings.AllSkipConnections);
    }

    private static (string CaseId, ScoringGrid Grid, string Region) Compared(CaseScore score) => (score.CaseId, score.Grid, score.Region.Region);

    private static Comparison Compare(IReadOnlyList<ComparedCases> seeds, int plannedFolds, bool sharesCases, int resampling)
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
            ? [.. seeds.SelectMany(seed => seed.Cases).GroupBy(pair => pair.CaseId).Select(item => WithoutRounding(item.Average(pair => pair.Difference)))]
            : [.. seeds.SelectMany(seed => seed.Cases).Select(pair => pair.Difference)];
        ComparedCases first = seeds[0];
        var overSeeds = StudentTTest.Of(bySeed.Select(seed => seed.Difference));
        var test = WilcoxonSignedRank.Of(differences);
        return new Comparison
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

    private static Comparison[] Corrected(Comparison[] comparisons)
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
