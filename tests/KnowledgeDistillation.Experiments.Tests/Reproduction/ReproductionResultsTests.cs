using FluentAssertions;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Reproduction;
using KnowledgeDistillation.Experiments.Reproduction.Results;
using KnowledgeDistillation.Experiments.Statistics;
using KnowledgeDistillation.Experiments.Systems;
using Xunit;
using static KnowledgeDistillation.Experiments.Tests.Reproduction.HandMadeReproduction;

namespace KnowledgeDistillation.Experiments.Tests.Reproduction;

public sealed class ReproductionResultsTests : IDisposable
{
    private readonly PlannedRun[] _baseline = Row(SegmentationSystems.Baseline, 3);
    private readonly PlannedRun[] _student = Row(SegmentationSystems.KDNet, 3);
    private readonly string _folder = Directory.CreateTempSubdirectory("kdnet-results-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Means_over_folds_are_those_of_the_folds_means_however_many_cases_each_has()
    {
        // Folds' means 0.5, 0.7, 0.9: mean 0.7, deviation 0.2. Cases 0.4, 0.6, 0.7, 0.9: mean 0.65.
        var results = Results(
            State(_baseline, [_baseline[2].FinishWithTenths("ET", 9), _baseline[0].FinishWithTenths("ET", 4, 6), _baseline[1].FinishWithTenths("ET", 7)]));
        SummaryRow dice = results.Find("baseline-3-skips", ScoringGrid.Training, "ET", RegionMetric.Dice)!;
        dice.OverFolds.Mean.Should().BeApproximately(0.7, 1e-12);
        dice.OverFolds.StandardDeviation.Should().BeApproximately(0.2, 1e-12);
        dice.OverFolds.Count.Should().Be(3);
        dice.Seeds[0].OverCases.Mean.Should().BeApproximately(0.65, 1e-12);
        dice.Seeds[0].OverCases.StandardDeviation.Should().BeApproximately(Math.Sqrt(0.13 / 3), 1e-12);
        dice.Seeds[0].OverCases.Counted.Should().Be(4);
        results.Folds.Where(fold => fold.Metric == RegionMetric.Dice).Select(fold => (fold.Run.Settings.Fold, fold.OverCases.Cases))
            .Should().Equal((1, 2), (2, 1), (3, 1));
    }

    [Fact]
    public void Rows_without_a_finished_run_and_grids_without_scores_have_no_summary()
    {
        var results = Results(State([.. _baseline, .. _student], [_baseline[1].FinishWithTenths("ET", 5)]));
        results.Find("kd-net-3-skips", ScoringGrid.Training, "ET", RegionMetric.Dice).Should().BeNull();
        results.Find("baseline-3-skips", ScoringGrid.Native, "ET", RegionMetric.Dice).Should().BeNull();
        SummaryRow dice = results.Find("baseline-3-skips", ScoringGrid.Training, "ET", RegionMetric.Dice)!;
        (dice.OverFolds.Count, dice.PlannedFolds).Should().Be((1, 3));
        dice.OverFolds.StandardDeviation.Should().Be(double.NaN);
        results.Comparisons.Should().BeEmpty();
    }

    [Fact]
    public void Empty_regions_and_infinite_distances_are_counted_and_not_hidden()
    {
        FinishedRun run = _baseline[0].Finish(
            Score("a", "ET", 10),
            Score("b", "ET", reference: _ => false, prediction: _ => false),
            Score("c", "ET", reference: _ => false, prediction: voxel => voxel == 3),
            Score("d", "ET", reference: voxel => voxel == 3, prediction: _ => false));
        var results = Results(State(_baseline, [run]));
        CaseSummary Of(RegionMetric metric) => results.Find("baseline-3-skips", ScoringGrid.Training, "ET", metric)!.Seeds[0].OverCases;
        Of(RegionMetric.Dice).Should().Be(new CaseSummary(0.5, Math.Sqrt(1.0 / 3), 4, 0, 0));
        Of(RegionMetric.DiceSkippingEmpty).Should().Be(new CaseSummary(0.5, Math.Sqrt(0.5), 4, 2, 0));
        Of(RegionMetric.HausdorffDistance95).Should().Be(new CaseSummary(0, double.NaN, 4, 1, 2));
        Of(RegionMetric.HausdorffDistance95).Counted.Should().Be(1);
    }

    [Fact]
    public void Students_are_compared_with_their_baseline_case_by_case()
    {
        // Differences in tenths: 1, 2, −1 | 3, 0 | 4; of the five that differ 1 and −1 share ranks 1 and 2.
        var results = Results(State(
            [.. _baseline, .. _student],
            [
                _student[0].FinishWithTenths("WT", 5, 7, 4), _student[1].FinishWithTenths("WT", 8, 6), _student[2].FinishWithTenths("WT", 9),
                _baseline[0].FinishWithTenths("WT", 4, 5, 5), _baseline[1].FinishWithTenths("WT", 5, 6), _baseline[2].FinishWithTenths("WT", 5),
            ]));
        Comparison comparison = results.FindComparison("kd-net-3-skips", ScoringGrid.Training, "WT")!;
        comparison.Baseline.Should().Be("baseline-3-skips");
        (comparison.Folds, comparison.PlannedFolds, comparison.Cases).Should().Be((3, 3, 6));
        (comparison.Wins, comparison.Ties, comparison.Losses).Should().Be((4, 1, 1));
        comparison.StudentMean.Should().BeApproximately(0.65, 1e-12);
        comparison.BaselineMean.Should().BeApproximately(0.5, 1e-12);
        comparison.OverCases.Mean.Should().BeApproximately(0.15, 1e-12);
        comparison.OverCases.Lower.Should().BeInRange(0, 0.1);
        comparison.OverCases.Upper.Should().BeInRange(0.2, 0.3);
        (comparison.Test.NegativeRankSum, comparison.Test.PositiveRankSum).Should().Be((1.5, 13.5));
        comparison.Test.PValue.Should().Be(6.0 / 32); // {}, either 1.5: 3 of 32 on each side.
        (comparison.AdjustedPValue, comparison.FamilySize).Should().Be((comparison.Test.PValue, 1));
    }

    [Fact]
    public void Only_cases_that_both_scored_are_compared()
    {
        var results = Results(State(
            [.. _baseline, .. _student],
            [
                _student[0].FinishWithTenths("ET", 6, 7, 8),
                _student[1].FinishWithTenths("ET", 9, 9),
                _baseline[0].FinishWithTenths("ET", 5, 5),
                _baseline[2].FinishWithTenths("ET", 1),
            ]));
        Comparison comparison = results.Comparisons.Should().ContainSingle().Subject;
        (comparison.Folds, comparison.PlannedFolds, comparison.Cases).Should().Be((1, 3, 2));
        comparison.StudentMean.Should().BeApproximately(0.65, 1e-12);
    }

    [Fact]
    public void The_baseline_is_the_one_of_the_same_skip_connections_and_modality_whether_the_default_is_named_or_not()
    {
        // Four levels have three skip connections, unless fewer are asked for.
        PlannedRun[] none = Row(SegmentationSystems.Baseline, 0),
            all = Row(SegmentationSystems.Baseline, null),
            flair = Row(SegmentationSystems.Baseline, 3, "flair");
        PlannedRun[] plan = [.. none, .. flair, .. all];
        BaselineComparisons.BaselineOf(_student[0], plan)!.Row.Should().Be("baseline-all-skips");
        BaselineComparisons.BaselineOf(Row(SegmentationSystems.KDNet, 0)[0], plan)!.Row.Should().Be("baseline-0-skips");
        BaselineComparisons.BaselineOf(Row(SegmentationSystems.KDNet, null, "flair")[0], plan)!.Row.Should().Be("baseline-3-skips-flair");
        BaselineComparisons.BaselineOf(Row(SegmentationSystems.KDNet, 1)[0], plan).Should().BeNull();
    }

    [Theory]
    [InlineData("baseline", false)]
    [InlineData("teacher", false)]
    [InlineData("u-hved", false)]
    [InlineData("kd-net", true)]
    [InlineData("gt-kl", true)]
    [InlineData("hinton", true)]
    public void Students_are_the_systems_that_see_one_modality_and_learn_from_more(string system, bool isStudent) =>
        BaselineComparisons.IsStudent(Row(SegmentationSystems.Of(system), 3)[0]).Should().Be(isStudent);

    [Fact]
    public void Holms_correction_counts_all_regions_and_rows_of_a_grid_and_modality()
    {
        PlannedRun[] other = Row(SegmentationSystems.Of("gt-kl"), 3),
            flair = Row(SegmentationSystems.KDNet, 3, "flair"),
            flairBaseline = Row(SegmentationSystems.Baseline, 3, "flair");
        CaseScore[] Scores(int better) =>
        [
            .. new[] { "ET", "TC", "WT" }
                .SelectMany((region, place) => Enumerable.Range(1, 6).SelectMany(i => new[] { ScoringGrid.Training, ScoringGrid.Native }
                    .Select(grid => Score($"case{i}", region, Math.Clamp(3 + (better * ((i <= 5 - place) ? 1 : -1)), 0, 10), grid)))),
        ];
        var results = Results(State(
            [.. _baseline, .. _student, .. other, .. flairBaseline, .. flair],
            [
                _baseline[0].Finish(Scores(0)),
                _student[0].Finish(Scores(2)),
                other[0].Finish(Scores(1)),
                flairBaseline[0].Finish(Scores(0)),
                flair[0].Finish(Scores(2)),
            ]));

        Comparison[] family = [.. results.Comparisons.Where(comparison => comparison.Modality == "t1ce" && comparison.Grid == ScoringGrid.Native)];
        family.Should().HaveCount(6).And.OnlyContain(comparison => comparison.FamilySize == 6);
        family.Select(comparison => comparison.AdjustedPValue).Should().Equal(HolmCorrection.Adjust(family.Select(comparison => comparison.Test.PValue)));
        results.Comparisons.Where(comparison => comparison.Modality == "flair").Should().HaveCount(6).And.OnlyContain(comparison => comparison.FamilySize == 3);
        results.FindComparison("kd-net-3-skips", ScoringGrid.Training, "ET")!.Test.RankBiserialCorrelation.Should().BeGreaterThan(0);
        results.FindComparison("baseline-3-skips", ScoringGrid.Training, "ET").Should().BeNull();
    }

    [Fact]
    public void Results_do_not_depend_on_the_order_in_which_runs_ended()
    {
        FinishedRun[] finished =
        [
            .. _baseline.Select(run => run.FinishWithTenths("WT", 4, 5, 3)).Concat(_student.Select(run => run.FinishWithTenths("WT", 6, 4, 9))),
        ];
        PlannedRun[] plan = [.. _baseline, .. _student];
        ResultsCsv.Write(Path.Combine(_folder, "one"), Results(State(plan, finished)));
        ResultsCsv.Write(Path.Combine(_folder, "other"),
            Results(State(plan, [.. finished.Reverse().Select(run => run with { Scores = [.. run.Scores.Reverse()] })])));
        foreach (string name in new[] { "cases.csv", "folds.csv", "seeds.csv", "summary.csv", "differences.csv", "statistics.csv" })
            File.ReadAllBytes(Path.Combine(_folder, "other", name)).Should().Equal(File.ReadAllBytes(Path.Combine(_folder, "one", name)), name);
    }

    [Fact]
    public void Files_have_a_header_and_as_many_cells_in_each_line()
    {
        ResultsCsv.Write(_folder, Results(State(
            [.. _baseline, .. _student],
            [
                _baseline[0].Finish(Score("a", "ET", 5), Score("b", "ET", reference: _ => true, prediction: _ => false)),
                _student[0].FinishWithTenths("ET", 5).WithCases("a"),
            ])));
        string[] Lines(string name) => File.ReadAllLines(Path.Combine(_folder, name));
        foreach ((string name, int lines) in new[]
        {
            ("cases.csv", 4),
            ("folds.csv", 13),
            ("seeds.csv", 13),
            ("summary.csv", 13),
            ("differences.csv", 2),
            ("statistics.csv", 2),
        })
        {
            Lines(name).Should().HaveCount(lines, name);
            int cells = Lines(name)[0].Split(',').Length;
            Lines(name).Should().OnlyContain(line => Cells(line).Count == cells, name);
        }

        Value(Lines("cases.csv"), 1, "dice").Should().Be("0.5");
        Value(Lines("cases.csv"), 2, "hd95_mm").Should().Be("inf");
        Value(Lines("cases.csv"), 2, "specificity").Should().Be("nan");
        Value(Lines("summary.csv"), 3, "cases_infinite_left_out").Should().Be("1");
        Value(Lines("statistics.csv"), 1, "baseline").Should().Be("baseline-3-skips");
        Value(Lines("statistics.csv"), 1, "p_value").Should().Be("1");
        Value(Lines("statistics.csv"), 1, "difference_lower_over_cases").Should().Be("nan");
    }

    [Fact]
    public void A_reproduction_without_results_writes_headers()
    {
        ResultsCsv.Write(_folder, Results(State(_baseline, [])));
        Directory.GetFiles(_folder).Should().HaveCount(6).And.OnlyContain(file => File.ReadAllLines(file).Length == 1);
    }

    private static string Value(string[] lines, int line, string column) => Cells(lines[line])[Cells(lines[0]).IndexOf(column)];

    private static List<string> Cells(string line)
    {
        var cells = new List<string> { "" };
        bool quoted = false;
        foreach (char character in line)
        {
            if (character == '"')
                quoted = !quoted;
            else if (character == ',' && !quoted)
                cells.Add("");
            else
                cells[^1] += character;
        }

        return cells;
    }
}
