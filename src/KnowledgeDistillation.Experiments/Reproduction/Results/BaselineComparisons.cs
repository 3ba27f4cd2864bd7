using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Statistics;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Networks;

namespace KnowledgeDistillation.Experiments.Reproduction.Results;

/// <summary>Compares every student with the baseline that has the same network, skip connections among it, and sees the same modality.</summary>
internal static class BaselineComparisons
{
    /// <summary>
    /// The comparisons of rows that are done in at least one fold together with their baseline, in the order of the plan,
    /// with Holm's correction for each grid and modality.
    /// </summary>
    /// <param name="state">The reproduction. The resamples of the intervals are drawn from the order of its runs and scores.</param>
    public static IReadOnlyList<Comparison> Of(ReproductionState state) =>
        Corrected([.. CasesOf(state).Select(compared => Compare(compared, state.Settings.Seed))]);

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
                .ThenBy(group => ReproductionResults.RegionOrder(group.Key.Region)))
                yield return new ComparedCases(student.First(), baseline.Row, student.Count(), group.Key.Grid, group.Key.Region, [.. group]);
        }
    }

    /// <summary>Whether a run trains a network that sees one modality with help of others.</summary>
    public static bool IsStudent(PlannedRun run) => run.System.Inputs == SystemInputs.OneModality && run.System.Name != SegmentationSystems.Baseline.Name;

    /// <summary>A run of the baseline of a student's row; null where the plan has none.</summary>
    public static PlannedRun? BaselineOf(PlannedRun student, IReadOnlyList<PlannedRun> plan) => plan.FirstOrDefault(run =>
        run.System.Name == SegmentationSystems.Baseline.Name && run.Modality == student.Modality && NetworkOf(run) == NetworkOf(student));

    // What a setting leaves to the network's default equals that default, named.
    private static (Type Kind, int Width, int Levels, int SkipConnections) NetworkOf(PlannedRun run)
    {
        var network = (UShapedNetworkOptions)run.Settings.Recipe([run.Modality], BraTSRegions.Classes.Channels);
        return (network.GetType(), network.BaseWidth, network.Levels, network.SkipConnections ?? run.Settings.AllSkipConnections);
    }

    private static (string CaseId, ScoringGrid Grid, string Region) Compared(CaseScore score) => (score.CaseId, score.Grid, score.Region.Region);

    private static Comparison Compare(ComparedCases compared, int seed)
    {
        double[] differences = [.. compared.Cases.Select(pair => pair.Difference)];
        var test = WilcoxonSignedRank.Of(differences);
        return new Comparison
        {
            Row = compared.Student.Row,
            Baseline = compared.Baseline,
            Modality = compared.Student.Modality,
            Grid = compared.Grid,
            Region = compared.Region,
            Folds = compared.Folds,
            PlannedFolds = compared.PlannedFolds,
            StudentMean = compared.Cases.Average(pair => pair.Student),
            BaselineMean = compared.Cases.Average(pair => pair.Baseline),
            Difference = BootstrapInterval.OfMean(differences, seed),
            Test = test,
            AdjustedPValue = test.PValue,
            FamilySize = 1,
            Wins = differences.Count(difference => difference > 0),
            Losses = differences.Count(difference => difference < 0),
        };
    }

    private static Comparison[] Corrected(IReadOnlyList<Comparison> comparisons)
    {
        Comparison[] corrected = [.. comparisons];
        foreach (int[] family in Enumerable.Range(0, corrected.Length).GroupBy(i => (corrected[i].Grid, corrected[i].Modality))
            .Select(group => group.ToArray()))
        {
            IReadOnlyList<double> adjusted = HolmCorrection.Adjust(family.Select(i => corrected[i].Test.PValue));
            for (int i = 0; i < family.Length; i++)
                corrected[family[i]] = corrected[family[i]] with { AdjustedPValue = adjusted[i], FamilySize = family.Length };
        }

        return corrected;
    }
}
