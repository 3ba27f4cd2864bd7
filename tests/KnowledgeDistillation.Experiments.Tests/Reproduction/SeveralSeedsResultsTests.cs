using FluentAssertions;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Reproduction;
using KnowledgeDistillation.Experiments.Reproduction.Report;
using KnowledgeDistillation.Experiments.Reproduction.Results;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Statistics;
using KnowledgeDistillation.Experiments.Systems;
using Xunit;
using static KnowledgeDistillation.Experiments.Tests.Reproduction.HandMadeReproduction;

namespace KnowledgeDistillation.Experiments.Tests.Reproduction;

public sealed class SeveralSeedsResultsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kdnet-pooled-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Each_seed_counts_the_same_however_many_cases_it_has_and_the_interval_is_that_of_Students_t()
    {
        // Differences in tenths. Seed 1: 1, 2, 3, mean 2. Seed 2: 4. Seed 3: 0, 0, mean 0. Mean of the seeds 2, deviation 2, so 2 ± 4.303 · 2 / √3.
        Comparison comparison = ReproductionResults.Of([Seed(1, [5, 7, 9], [4, 5, 6]), Seed(2, [8], [4]), Seed(3, [6, 3], [6, 3])], sharesCases: false)
            .FindComparison("kd-net-3-skips", ScoringGrid.Training, "ET")!;

        comparison.Seeds.Select(seed => (seed.Seed, seed.Cases, Math.Round(seed.Difference, 9))).Should().Equal((1, 3, 0.2), (2, 1, 0.4), (3, 2, 0));
        comparison.OverSeeds.Mean.Should().BeApproximately(0.2, 1e-12);
        comparison.OverSeeds.Lower.Should().BeApproximately(0.2 - (4.303 * 0.2 / Math.Sqrt(3)), 1e-4);
        comparison.OverSeeds.Upper.Should().BeApproximately(0.2 + (4.303 * 0.2 / Math.Sqrt(3)), 1e-4);
        comparison.StudentMean.Should().BeApproximately((0.7 + 0.8 + 0.45) / 3, 1e-12);
        comparison.BaselineMean.Should().BeApproximately((0.5 + 0.4 + 0.45) / 3, 1e-12);
        comparison.SeedsAhead.Should().Be(2);
        (comparison.Folds, comparison.PlannedFolds).Should().Be((3, 9));
    }

    [Fact]
    public void Phantoms_of_different_seeds_are_different_cases_though_their_names_are_the_same()
    {
        // All six cases: 1, 2, 3, 4 and two zeros; the four that differ are all positive: p = 2 / 2⁴.
        Comparison comparison = ReproductionResults.Of([Seed(1, [5, 7, 9], [4, 5, 6]), Seed(2, [8], [4]), Seed(3, [6, 3], [6, 3])], sharesCases: false)
            .Comparisons.Single();

        comparison.Cases.Should().Be(6);
        comparison.OverCases.Mean.Should().BeApproximately(1.0 / 6, 1e-12);
        (comparison.Test.Count, comparison.Test.Zeros, comparison.Test.PositiveRankSum, comparison.Test.PValue).Should().Be((4, 2, 10, 2.0 / 16));
        (comparison.Wins, comparison.Ties, comparison.Losses).Should().Be((4, 2, 0));
    }

    [Fact]
    public void Patients_whom_the_seeds_share_are_averaged_over_the_seeds_before_they_are_tested()
    {
        // By case, in tenths: (2 + 4) / 2 = 3, (1 − 3) / 2 = −1, (2 − 2) / 2 = 0. Of the two that differ the positive one has rank 2.
        ReproductionResults results = ReproductionResults.Of([Seed(1, [6, 5, 6], [4, 4, 4]), Seed(2, [8, 1, 2], [4, 4, 4])], sharesCases: true);
        Comparison comparison = results.Comparisons.Single();

        comparison.Cases.Should().Be(3);
        comparison.OverCases.Mean.Should().BeApproximately(0.2 / 3, 1e-12);
        (comparison.Test.Count, comparison.Test.PositiveRankSum, comparison.Test.NegativeRankSum).Should().Be((2, 2, 1));
        (comparison.Wins, comparison.Ties, comparison.Losses).Should().Be((1, 1, 1));
        comparison.Seeds.Select(seed => Math.Round(seed.Difference, 9)).Should().Equal(Math.Round(0.5 / 3, 9), Math.Round(-0.1 / 3, 9));
        comparison.SeedsAhead.Should().Be(1);
    }

    [Fact]
    public void Scores_of_a_row_are_mean_and_deviation_of_the_seeds_means_over_all_folds()
    {
        // Seed 1: cases 2, 4 | 9, mean 5. Seed 2: 7. Mean 6, deviation √2. The mean of the folds' means, 6, is not that of the cases.
        PlannedRun[] one = Row(1, SegmentationSystems.Baseline), two = Row(2, SegmentationSystems.Baseline);
        SummaryRow dice = ReproductionResults.Of(
            [Of(2, two, [two[0].FinishWithTenths("ET", 7)]), Of(1, one, [one[0].FinishWithTenths("ET", 2, 4), one[2].FinishWithTenths("ET", 9)])],
            sharesCases: false)
            .Find("baseline-3-skips", ScoringGrid.Training, "ET", RegionMetric.Dice)!;

        dice.Seeds.Select(seed => (seed.Seed, Math.Round(seed.OverCases.Mean, 9), seed.OverCases.Cases)).Should().Equal((1, 0.5, 3), (2, 0.7, 1));
        dice.OverSeeds.Mean.Should().BeApproximately(0.6, 1e-12);
        dice.OverSeeds.StandardDeviation.Should().BeApproximately(0.1 * Math.Sqrt(2), 1e-12);
        (dice.Cases, dice.Counted).Should().Be((4, 4));
    }

    [Fact]
    public void A_single_seed_has_a_difference_but_no_interval_over_seeds_and_claims_nothing()
    {
        int[] student = [.. Enumerable.Repeat(8, 12)], baseline = [.. Enumerable.Range(0, 12).Select(i => 4 + (i % 2))];
        Comparison comparison = ReproductionResults.Of([Seed(4, student, baseline)], sharesCases: false).Comparisons.Single();

        comparison.OverSeeds.Mean.Should().BeApproximately(0.35, 1e-12);
        double.IsNaN(comparison.AdjustedPValueOverSeeds).Should().BeTrue();
        comparison.AdjustedPValue.Should().BeLessThan(0.01);
        Verdicts.Of(comparison).Should().Be(Verdict.Open);
        Verdicts.Doubt(comparison).Should().Be("there are fewer than 3 seeds");
    }

    [Fact]
    public void Where_there_is_nothing_to_find_a_study_claims_something_in_five_of_a_hundred_at_most()
    {
        const int Studies = 4000, Comparisons = 21, Seeds = 5;
        var random = new Random(1);
        int claims = 0;
        for (int study = 0; study < Studies; study++)
        {
            // Rows of one study share baselines and phantoms: half of the variance of a difference is common to all of them.
            double[] common = [.. Enumerable.Range(0, Seeds).Select(_ => Normal())];
            StudentTTest[] tests =
                [.. Enumerable.Range(0, Comparisons).Select(_ => StudentTTest.Of(common.Select(shared => Math.Sqrt(0.5) * (shared + Normal()))))];
            IReadOnlyList<double> adjusted = HolmCorrection.Adjust(tests.Select(test => test.PValue));
            claims += tests.Zip(adjusted).Any(test => Verdicts.Of(Seeds, test.First.Mean, test.Second) != Verdict.Open) ? 1 : 0;
        }

        // 5 % and three standard deviations of the simulation.
        ((double)claims / Studies).Should().BeInRange(0.005, 0.05 + (3 * Math.Sqrt(0.05 * 0.95 / Studies)));

        double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
    }

    [Fact]
    public void A_gain_needs_seeds_that_agree_and_not_only_many_cases()
    {
        int[] baseline = [.. Enumerable.Repeat(4, 12)];
        int[] Student(int gain) => [.. Enumerable.Range(0, 12).Select(i => 4 + gain + (i % 2))];
        Comparison agreed = ReproductionResults.Of(
            [Seed(1, Student(1), baseline), Seed(2, Student(2), baseline), Seed(3, Student(1), baseline)], sharesCases: false)
            .Comparisons.Single();
        Comparison disagreed = ReproductionResults.Of(
            [Seed(1, Student(5), baseline), Seed(2, Student(0), baseline), Seed(3, Student(0), baseline)], sharesCases: false)
            .Comparisons.Single();

        Verdicts.Of(agreed).Should().Be(Verdict.Gain);
        Verdicts.Of(agreed with { AdjustedPValue = 0.9 }).Should().Be(Verdict.Gain, "the test over cases gates nothing");
        disagreed.AdjustedPValue.Should().BeLessThan(0.001, "the cases alone would say so");
        disagreed.OverCases.Lower.Should().BePositive();
        Verdicts.Of(disagreed).Should().Be(Verdict.Open);
        Verdicts.Doubt(disagreed).Should().Be("p over seeds is not below 0.05");
    }

    [Fact]
    public void Holms_correction_counts_all_regions_and_rows_of_a_grid_for_both_tests()
    {
        ReproductionResults results = ReproductionResults.Of([.. Enumerable.Range(1, 3).Select(seed => Several(seed))], sharesCases: false);
        results.Comparisons.Should().HaveCount(4).And.OnlyContain(comparison => comparison.FamilySize == 4);
        results.Comparisons.Select(comparison => comparison.AdjustedPValue)
            .Should().Equal(HolmCorrection.Adjust(results.Comparisons.Select(comparison => comparison.Test.PValue)));
        results.Comparisons.Select(comparison => comparison.AdjustedPValueOverSeeds)
            .Should().Equal(HolmCorrection.Adjust(results.Comparisons.Select(comparison => comparison.OverSeeds.PValue)));

        static ReproductionState Several(int seed)
        {
            PlannedRun[] baseline = Row(seed, SegmentationSystems.Baseline),
                student = Row(seed, SegmentationSystems.KDNet),
                other = Row(seed, SegmentationSystems.Of("gt-kl"));
            CaseScore[] Scores(int better) =>
                [.. new[] { "ET", "WT" }.SelectMany(region => Enumerable.Range(1, 5).Select(i => Score($"case{i}", region, 3 + (i <= better ? seed : 0))))];
            return Of(seed, [.. baseline, .. student, .. other], [baseline[0].Finish(Scores(0)), student[0].Finish(Scores(4)), other[0].Finish(Scores(2))]);
        }
    }

    [Fact]
    public void What_a_row_marks_is_set_against_the_volume_of_the_reference()
    {
        ReproductionResults results = ReproductionResults.Of([Seed(1, [5, 7, 9], [4, 5, 6])], sharesCases: false);
        foreach (FinishedRun run in results.Runs)
        {
            FoldSummary ratio = results.Folds.Single(fold => fold.Run == run.Run && fold.Metric == RegionMetric.VolumeRatio);
            ratio.Values.Should().Equal(run.Scores.Select(score =>
                (double)score.Region.Overlap.PredictionVoxels / score.Region.Overlap.ReferenceVoxels));
        }
    }

    [Fact]
    public void Files_have_a_line_for_each_seed_and_do_not_depend_on_the_order()
    {
        ReproductionState[] seeds = [Seed(1, [5, 7, 9], [4, 5, 6]), Seed(2, [8], [4]), Seed(10, [6, 3], [6, 3])];
        ResultsCsv.Write(Path.Combine(_folder, "one"), ReproductionResults.Of(seeds, sharesCases: false));
        ResultsCsv.Write(Path.Combine(_folder, "other"), ReproductionResults.Of([.. seeds.Reverse()], sharesCases: false));
        foreach ((string name, int lines) in new[]
        {
            ("seeds.csv", 1 + (2 * 3 * 6)),
            ("summary.csv", 1 + (2 * 6)),
            ("differences.csv", 4),
            ("statistics.csv", 2),
        })
        {
            string[] written = File.ReadAllLines(Path.Combine(_folder, "one", name));
            written.Should().HaveCount(lines, name);
            written.Select(line => line.Split(',').Length).Distinct().Should().ContainSingle(name);
            File.ReadAllBytes(Path.Combine(_folder, "other", name)).Should().Equal(File.ReadAllBytes(Path.Combine(_folder, "one", name)), name);
        }

        File.ReadAllLines(Path.Combine(_folder, "one", "differences.csv")).Select(line => line.Split(',')[^6]).Should().Equal("seed", "1", "2", "10");
    }

    private static ReproductionState Seed(int seed, int[] student, int[] baseline)
    {
        PlannedRun[] students = Row(seed, SegmentationSystems.KDNet), baselines = Row(seed, SegmentationSystems.Baseline);
        return Of(seed, [.. baselines, .. students], [baselines[0].FinishWithTenths("ET", baseline), students[0].FinishWithTenths("ET", student)]);
    }

    private static ReproductionState Of(int seed, IReadOnlyList<PlannedRun> plan, IReadOnlyList<FinishedRun> finished) =>
        State(plan, finished) with { Settings = new ExperimentSettings { Seed = seed } };

    private static PlannedRun[] Row(int seed, SegmentationSystem system) =>
        [.. HandMadeReproduction.Row(system, 3).Select(run => run with { Objective = "GT", Settings = run.Settings with { Seed = seed } })];
}
