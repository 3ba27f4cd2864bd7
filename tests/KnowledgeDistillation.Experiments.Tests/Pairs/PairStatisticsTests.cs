using FluentAssertions;
using KnowledgeDistillation.Experiments.Pairs;
using KnowledgeDistillation.Experiments.Reproduction.Report;
using KnowledgeDistillation.Experiments.Statistics;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Experiments.Tests.Pairs;

public sealed class PairStatisticsTests : IDisposable
{
    private static readonly string[] Regions = ["ET", "TC", "WT"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_primary_comparison_is_a_t_test_over_pairs_corrected_over_three_regions_and_no_others()
    {
        PairRow[] rows =
        [
            .. Pair(1, baseline: [0.5, 0.6, 0.7], student: [0.6, 0.6, 0.6], teacher: [0.9, 0.9, 0.9]),
            .. Pair(2, baseline: [0.4, 0.5, 0.6], student: [0.52, 0.5, 0.6], teacher: [0.8, 0.9, 0.9]),
            .. Pair(3, baseline: [0.3, 0.4, 0.5], student: [0.41, 0.46, 0.5], teacher: [0.8, 0.8, 0.9]),
        ];
        IReadOnlyList<PairComparison> comparisons = PairComparison.Of([.. rows.Reverse()]);

        PairComparison[] primary = [.. comparisons.Where(item => item.Question == PairQuestion.Primary)];
        primary.Select(item => item.Region).Should().Equal(Regions);
        primary.Should().OnlyContain(item => item.Title == "KD-Net − Baseline");
        primary[0].Pairs.Should().Equal(1, 2, 3);
        primary[0].Differences.Should().Equal([0.1, 0.12, 0.11], (one, other) => Math.Abs(one - other) < 1e-12);
        primary[0].Test.PValue.Should().BeApproximately(StudentTTest.Of([0.1, 0.12, 0.11]).PValue, 1e-9);
        primary.Select(item => item.AdjustedPValue).Should().Equal(HolmCorrection.Adjust(primary.Select(item => item.Test.PValue)));
        comparisons.Where(item => item.Question != PairQuestion.Primary).Should().HaveCount(3).And.OnlyContain(item => double.IsNaN(item.AdjustedPValue));
        // Voxels over voxels, not the mean of ratios.
        primary[0].OneVolume.Should().BeApproximately(1.2, 1e-12);
        primary[0].VolumeTest!.Mean.Should().BeApproximately(0.2, 1e-12);
    }

    [Fact]
    public void Where_nothing_helps_a_study_claims_something_in_five_of_a_hundred_at_most()
    {
        const int Studies = 1500, Pairs = 12;
        var random = new Random(3);
        int claims = 0;
        for (int study = 0; study < Studies; study++)
        {
            List<PairRow> rows = [];
            for (int pair = 1; pair <= Pairs; pair++)
            {
                // The regions of a network fail together, and a baseline fails now and then.
                double common = 0.05 * Normal(), failing = random.NextDouble() < 0.05 ? 0.2 : 0;
                double[] Dice(double extra) => [.. Regions.Select(_ => 0.7 + common - extra + (0.03 * Normal()))];
                rows.AddRange(Pair(pair, Dice(failing), Dice(random.NextDouble() < 0.05 ? 0.2 : 0), Dice(0)));
            }

            claims += PairComparison.Of(rows).Where(item => item.Question == PairQuestion.Primary)
                .Any(item => Verdicts.Of(item.Pairs.Count, item.Test.Mean, item.AdjustedPValue) != Verdict.Open) ? 1 : 0;
        }

        // 5 % and three standard deviations of the simulation.
        ((double)claims / Studies).Should().BeInRange(0.002, 0.05 + (3 * Math.Sqrt(0.05 * 0.95 / Studies)));

        double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
    }

    [Theory]
    // What a power analysis by hand gave: 11 and 17 pairs for the paper's gain in ET, 55 and 34 for that in TC.
    [InlineData(3.0, 3.57, 11, 2)]
    [InlineData(4.0, 3.57, 17, 2)]
    [InlineData(2.6, 1.17, 55, 3)]
    [InlineData(2.0, 1.17, 34, 3)]
    [InlineData(0.1, 3.57, 3, 1)]
    [InlineData(500, 0.1, 1000, 0)]
    public void The_number_of_pairs_follows_from_the_deviation(double deviation, double effect, int expected, int within) =>
        PairCount.For(deviation, effect).Should().BeCloseTo(expected, (uint)within);

    [Fact]
    public void The_number_of_pairs_is_told_after_twelve_and_does_not_change_with_later_ones()
    {
        double[] first = [.. Enumerable.Range(0, 12).Select(i => 0.03 * Math.Sin(i))];
        IReadOnlyDictionary<string, IReadOnlyList<double>> Of(double[] values) =>
            Regions.ToDictionary(region => region, _ => (IReadOnlyList<double>)values);

        PairCount.Of(Of(first[..11])).Should().BeNull();
        (int Pairs, int Required, IReadOnlyDictionary<string, double> Deviations) look = PairCount.Of(Of(first))!.Value;
        PairCount.Of(Of([.. first, 5, 6, 7]))!.Value.Pairs.Should().Be(look.Pairs);
        // A shift of all, that is another mean, changes nothing.
        PairCount.Of(Of([.. first.Select(value => value + 0.5)]))!.Value.Pairs.Should().Be(look.Pairs);
        look.Pairs.Should().Be(PairCount.For(MeanAndDeviation.Of(first).StandardDeviation, 0.0117));
        look.Required.Should().Be(look.Pairs);
        PairCount.Of(Of([.. first.Select(value => value / 100)]))!.Value.Required.Should().Be(20);
        PairCount.Of(Of([.. first.Select(value => value * 100)]))!.Value.Required.Should().Be(60);
    }

    [Fact]
    public void A_network_that_still_learns_or_is_stuck_is_named()
    {
        PairRow[] rows =
        [
            Row(1, "baseline", before: 0.400, atEnd: 0.399), Row(2, "baseline", before: 0.41, atEnd: 0.40), Row(3, "baseline", before: 0.6, atEnd: 0.6),
            Row(4, "baseline", before: 0.42, atEnd: 0.405), Row(5, "kd-net", before: 0.6, atEnd: 0.6),
        ];
        PairConvergence.Failing(rows)
            .Should().Equal((2, "baseline", "was still learning"), (3, "baseline", "was stuck"), (4, "baseline", "was still learning"));

        EpochReport[] history = [.. Enumerable.Range(0, 30).Select(epoch => new EpochReport(epoch, 1, new LossReport(30 - epoch, []), null, true, 1, null))];
        PairConvergence.Of(history).Should().Be((15.5, 5.5));
        PairConvergence.Of(history[..1]).Should().Be((30, 30));
        PairConvergence.Of(history[..3]).Should().Be((29, 28));

        static PairRow Row(int pair, string system, double before, double atEnd) => new(pair, system, "ET", 1, 1, 1, 1, 1, before, atEnd);
    }

    [Fact]
    public void A_pair_is_read_back_as_it_was_written()
    {
        PairRow[] rows = Pair(7, [0.1, 1.0 / 3, 1], [0.2, 0, 0.5], [0, 0, 0]);
        string file = _folder["pair.csv"];
        PairRow.Table(rows).Write(file);
        PairRow.Read(file).Should().Equal(rows);

        string text = File.ReadAllText(file);
        foreach (string damaged in new[]
        {
            "",
            text[..40],
            text.Replace(",dice,", ",", StringComparison.Ordinal),
            text.Replace("0.1,", "much,", StringComparison.Ordinal),
        })
        {
            File.WriteAllText(file, damaged);
            FluentActions.Invoking(() => PairRow.Read(file)).Should().Throw<InvalidDataException>().WithMessage("*pair.csv*damaged*delete*");
        }
    }

    [Fact]
    public void Nothing_is_claimed_before_all_pairs_are_done_and_twenty_and_twenty()
    {
        var options = new PairedStudyOptions { Pairs = 21 };
        (IReadOnlyList<PairRow> Rows, double Seconds)[] pairs =
        [
            .. Enumerable.Range(1, 21).Select(pair => ((IReadOnlyList<PairRow>)Pair(
                pair, [0.5, 0.5, 0.5], [0.6 + (pair * 0.001), 0.6 + (pair * 0.001), 0.4 + (pair * 0.001)], [0.7, 0.7, 0.7]), 60.0)),
        ];
        PairReport.Write(_folder["some"], options, pairs[..20]);
        PairReport.Write(_folder["few"], options with { Pairs = 3 }, pairs[..3]);
        PairReport.Write(_folder["all"], options, pairs);

        string some = File.ReadAllText(_folder["some/report.md"]), all = File.ReadAllText(_folder["all/report.md"]);
        some.Should().Contain("20 pairs are done, and nothing is claimed before 21 are").And.NotContain("it helps").And.NotContain("a gain.");
        File.ReadAllText(_folder["few/report.md"])
            .Should().Contain("3 pairs are done, and nothing is claimed before 20 are").And.NotContain("it helps").And.NotContain("a gain.");
        all.Should().Contain("it helps in ET and TC; it harms in WT").And.Contain("nothing follows for patients").And.Contain("volume 1.20 of the reference's");
        File.ReadAllText(_folder["all/report.html"]).Should().Contain("<html");
        var statistics = CsvTable.Read(_folder["all/results/statistics.csv"]);
        statistics[0, "question"].Should().Be("primary");
        CsvTable.ParseNumber(statistics[0, "difference_mean"]).Should().BeApproximately(0.111, 1e-9);
    }

    private static PairRow[] Pair(int pair, double[] baseline, double[] student, double[] teacher)
    {
        return [.. Network("teacher", teacher, 100), .. Network("baseline", baseline, 100), .. Network("kd-net", student, 120)];

        IEnumerable<PairRow> Network(string name, double[] dice, long predicted) =>
            Regions.Select((region, i) => new PairRow(pair, name, region, 10, dice[i], predicted, 100, 3, 0.5, 0.5));
    }
}
