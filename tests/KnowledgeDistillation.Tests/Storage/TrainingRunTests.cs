using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Storage;
using Xunit;

namespace KnowledgeDistillation.Tests.Storage;

public sealed class TrainingRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private TrainingRun Run => new(_folder["run"]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_folder_that_is_not_there_holds_nothing()
    {
        Run.HasBegun.Should().BeFalse();
        Run.Best.Should().BeNull();
        Run.Last.Should().BeNull();
        TrainingRun.FindModel(_folder["run"]).Should().BeNull();
        FluentActions.Invoking(() => Run.ReadHistory()).Should().Throw<CheckpointException>().WithMessage("*history.csv*");
    }

    [Fact]
    public void The_history_comes_back_as_it_was_written()
    {
        LossReport Report(double total) => new(total, [new TermValue("KD, \"soft\"", 0.75, total / 3), new TermValue("GT", 1e-3, 1.0 / 7)]);
        EpochReport[] history =
        [
            new(0, 1e-4, Report(0.1), Report(4), true, 1.235, new Dictionary<string, double> { ["KD, \"soft\""] = 0.25, ["GT"] = 0.75 }),
            new(1, 2e-5, Report(1.0 / 3), null, false, 2, null),
        ];
        Run.WriteHistory(history);
        Run.ReadHistory().Should().BeEquivalentTo(history, options => options.WithStrictOrdering().ComparingRecordsByMembers());
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("a,b\n1,2\n", "lacks the columns")]
    [InlineData("epoch,learning_rate,seconds,best,training_loss,training_GT,validation_loss,validation_GT,weight_GT,gradient_share_GT\n0,1,1,1,2", "5 cells")]
    [InlineData(
        "epoch,learning_rate,seconds,best,training_loss,training_GT,validation_loss,validation_GT,weight_GT,gradient_share_GT\n0,1,1,1,x,2,,,1,", "'x'")]
    public void A_damaged_history_is_refused(string text, string reason)
    {
        Directory.CreateDirectory(Run.Folder);
        File.WriteAllText(Path.Combine(Run.Folder, "history.csv"), text);
        FluentActions.Invoking(() => Run.ReadHistory()).Should().Throw<CheckpointException>().WithMessage($"*history.csv*{reason}*");
    }

    [Theory]
    [InlineData("")]
    [InlineData("best")]
    [InlineData("last")]
    public void A_model_is_found_by_the_folder_of_its_fit_also_while_it_is_replaced(string name)
    {
        foreach (string folder in new[] { Run.BestFolder, Run.LastFolder })
        {
            var facts = new Dictionary<string, string> { ["is"] = Path.GetFileName(folder) };
            using var model = new SegmentationModel(new EchoNetwork(), new ExclusiveClasses("a", "b", "c", "d"), facts);
            model.Save(folder);
        }

        Read().Should().Be(name.Length == 0 ? "best" : name);

        Directory.Move(Run.BestFolder, Run.BestFolder + ".old");
        Directory.Move(Run.LastFolder, Run.LastFolder + ".old");
        Run.HasBegun.Should().BeTrue();
        Run.Best.Should().Be(Run.BestFolder + ".old");
        Run.Last.Should().Be(Run.LastFolder + ".old");
        Read().Should().Be(name.Length == 0 ? "best" : name);

        string Read()
        {
            using SegmentationModel model = SegmentationModel.LoadInto(Path.Combine(Run.Folder, name), new EchoNetwork());
            return model.Metadata["is"];
        }
    }

    [Fact]
    public void A_model_keeps_its_name_even_where_a_fit_replaces_it()
    {
        Directory.CreateDirectory(Run.BestFolder + ".old");
        TrainingRun.FindModel(Run.Folder).Should().Be(Run.BestFolder);
        TrainingRun.FindModel(Run.BestFolder).Should().Be(Run.BestFolder);
    }
}
