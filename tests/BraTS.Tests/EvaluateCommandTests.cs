using FluentAssertions;
using Xunit;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

public sealed class EvaluateCommandTests(TrainedNetworks trained)
{
    [Fact]
    public void Only_cases_that_no_network_has_learnt_from_are_scored_unless_all_are_asked_for()
    {
        string file = trained.In("unseen.csv"), all = trained.In("all.csv");
        Kdnet unseen = Kdnet.Run("evaluate", "--data", trained.Data, "--model", trained.Teacher, trained.Student, "--out", file, "--threads", "1");
        Kdnet every = Kdnet.Run("evaluate", "--data", trained.Data, "--model", trained.Student, "--cases", "all", "--out", all, "--threads", "1");

        unseen.ExitCode.Should().Be(0);
        unseen.Output.Should().Contain("Dice").And.Contain("HD95").And.Contain("native");
        // Of four cases in three folds two are the test; two networks, two grids, three regions.
        File.ReadAllLines(file).Should().HaveCount(1 + (2 * 2 * 2 * 3));
        every.ExitCode.Should().Be(0);
        every.Error.Should().Contain("have learnt from 2 of the 4 cases");
        File.ReadAllLines(all).Should().HaveCount(1 + (4 * 2 * 3));
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
