using FluentAssertions;
using Xunit;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

public sealed class EvaluateCommandTests(TrainedNetworks trained)
{
    [Fact]
    public void Only_cases_that_no_network_has_learned_from_are_scored_unless_all_are_asked_for()
    {
        string file = trained.In("unseen.csv"), all = trained.In("all.csv");
        Kdnet unseen = Kdnet.Run("evaluate", "--data", trained.Data, "--model", trained.Teacher, trained.Student, "--out", file, "--threads", "1");
        Kdnet every = Kdnet.Run("evaluate", "--data", trained.Data, "--model", trained.Student, "--cases", "all", "--out", all, "--threads", "1");

        unseen.ExitCode.Should().Be(0);
        unseen.Output.Should().Contain("Dice").And.Contain("HD95").And.Contain("native");
        // Of four cases in three folds two are the test; two networks, two grids, three regions.
        File.ReadAllLines(file).Should().HaveCount(1 + (2 * 2 * 2 * 3));
        every.ExitCode.Should().Be(0);
        every.Error.Should().Contain("have learned from 2 of the 4 cases");
        File.ReadAllLines(all).Should().HaveCount(1 + (4 * 2 * 3));
    }

    [Fact]
    public void A_network_for_any_modalities_is_scored_with_those_that_it_is_shown()
    {
        string all = trained.In("any-all.csv"), one = trained.In("any-t1ce.csv");
        Kdnet.Run("evaluate", "--data", trained.Data, "--model", trained.AnyModalities, "--out", all, "--threads", "1").ExitCode.Should().Be(0);
        Kdnet shown = Kdnet.Run(
            "evaluate",
            "--data",
            trained.Data,
            "--model",
            trained.AnyModalities,
            trained.Student,
            "--modalities",
            "t1ce",
            "--out",
            one,
            "--threads",
            "1");

        shown.Error.Should().BeEmpty();
        shown.ExitCode.Should().Be(0);
        string[] rows = File.ReadAllLines(one);
        rows.Should().HaveCount(1 + (2 * 2 * 2 * 3));
        rows.Count(row => row.StartsWith($"{trained.AnyModalities} (T1ce),", StringComparison.Ordinal)).Should().Be(2 * 2 * 3);
        rows.Count(row => row.StartsWith($"{trained.Student},", StringComparison.Ordinal))
            .Should().Be(2 * 2 * 3, "a network that needs its modality is shown no other");
        IEnumerable<string> Scores(IEnumerable<string> of) => of.Select(row => row.Split(',', 2)[1]);
        Scores(rows[1..13]).Should().NotEqual(Scores(File.ReadAllLines(all).Skip(1)), "it sees less");
    }

    [Fact]
    public void A_network_for_any_modalities_is_scored_on_each_of_the_fifteen_subsets()
    {
        string file = trained.In("subsets.csv");
        Kdnet run = Kdnet.Run("evaluate", "--data", trained.Data, "--model", trained.AnyModalities, "--subsets", "--out", file, "--threads", "1");

        run.Error.Should().BeEmpty();
        run.ExitCode.Should().Be(0);
        run.Output.Split('\n').Count(line => line.Contains('●')).Should().Be(15);
        File.ReadAllLines(file).Skip(1).Select(row => row.Split(',')[0]).Distinct().Should().HaveCount(15);
    }

    [Fact]
    public void Scores_hold_both_conventions_for_empty_regions()
    {
        string file = trained.In("conventions.csv");
        Kdnet.Run("evaluate", "--data", trained.Data, "--model", trained.Student, "--out", file, "--threads", "1").ExitCode.Should().Be(0);

        File.ReadLines(file).First().Should().Contain("dice,dice_empty_skipped").And.Contain("hd95_mm");
    }

    [Fact]
    public void A_model_that_is_not_there_is_named()
    {
        Kdnet run = Kdnet.Run("evaluate", "--data", trained.Data, "--model", "no-model", "--threads", "1");

        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain("'no-model'");
    }
}
