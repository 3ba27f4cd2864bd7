using FluentAssertions;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

/// <summary>A machine that failed between the two steps of a replacement has left the complete older checkpoint as <c>best.old</c>.</summary>
public sealed class OlderCheckpointTests(TrainedNetworks trained)
{
    [Theory]
    [InlineData("predict", "")]
    [InlineData("predict", "best")]
    [InlineData("evaluate", "")]
    [InlineData("evaluate", "best")]
    [InlineData("train", "")]
    [InlineData("train", "best")]
    public void A_checkpoint_of_which_only_the_older_folder_is_left_is_used(string command, string named)
    {
        using var folder = new TemporaryFolder();
        string run = folder["run"];
        StoredFiles.Copy(command == "train" ? trained.Teacher : trained.Student, run);
        Directory.Move(Path.Combine(run, "best"), Path.Combine(run, "best.old"));
        string model = Path.Combine(run, named), output = folder["out"];

        Kdnet outcome = command switch
        {
            "predict" => Kdnet.Run("predict", "--model", model, "--out", output, "--threads", "1", trained.T1ce[0]),
            "evaluate" => Kdnet.Run("evaluate", "--data", trained.Data, "--model", model, "--out", output, "--threads", "1"),
            _ => Kdnet.Run(
                [
                    "train", "--system", "kd-net", "--data", trained.Data, "--cache", trained.In("cache"), "--teacher", model, "--out", output,
                    .. TrainedNetworks.SmallTraining,
                ]),
        };

        outcome.Error.Should().BeEmpty();
        outcome.ExitCode.Should().Be(0);
    }
}
