using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

/// <summary>Training on patches with random changes, from the command line to a prediction of whole cases.</summary>
public sealed class PatchTrainingTests(TrainedNetworks trained) : IDisposable
{
    private static readonly string[] Small =
        ["--patch-size", "8", "--subsample", "1", "--patches-per-case", "2", "--levels", "2", "--width", "2", "--folds", "1", "--validation-share", "0.25",
            "--threads", "1"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void An_interrupted_training_goes_on_bit_by_bit()
    {
        string[] changes = ["--augment", "all", "--validate-every", "1"];
        Train("baseline", "whole", ["--epochs", "4", .. changes]);
        Train("baseline", "parts", ["--epochs", "2", .. changes]);
        Train("baseline", "parts", ["--epochs", "4", "--resume", .. changes]);

        foreach (string checkpoint in new[] { "best", "last" })
        {
            File.ReadAllBytes(_folder["parts", checkpoint, "weights.safetensors"])
                .Should().Equal(File.ReadAllBytes(_folder["whole", checkpoint, "weights.safetensors"]), checkpoint);
        }

        Kdnet other = Kdnet.Run(["train", "--system", "baseline", "--data", trained.Data, "--out", _folder["parts"], "--resume", "--epochs", "5",
            .. Small, "--validate-every", "1", "--augment", "rotation"]);
        other.ExitCode.Should().Be(2);
        other.Error.Should().Contain("augmentation");
    }

    [Fact]
    public void A_student_learns_from_a_teacher_on_the_same_patches_and_both_segment_whole_cases()
    {
        Train("teacher", "teacher", ["--epochs", "3", "--validate-every", "2"]);
        Train("kd-net", "student", ["--epochs", "2", "--teacher", _folder["teacher"]]);

        new TrainingRun(_folder["teacher"]).ReadHistory().Select(report => report.ValidationDice is not null).Should().Equal(true, false, true);
        using (var model = SegmentationModel.Load(_folder["student"]))
        {
            model.Metadata["patch.size"].Should().Be("8,8,8");
            model.Metadata["preprocessing.crop"].Should().Be("none");
        }

        Kdnet.Run("predict", "--model", _folder["teacher"], "--out", _folder["out"], "--threads", "1", trained.Data).ExitCode.Should().Be(0);
        Kdnet evaluated = Kdnet.Run(
            "evaluate", "--data", trained.Data, "--model", _folder["student"], "--cases", "all", "--threads", "1", "--out", _folder["scores.csv"]);
        evaluated.ExitCode.Should().Be(0, evaluated.Error);
        Directory.EnumerateFiles(_folder["out"], "*.nii.gz").Should().HaveCount(4);
        NiftiImage.LoadHeader(Directory.EnumerateFiles(_folder["out"], "*.nii.gz").First()).Grid.Size.X.Should().Be(16);
    }

    [Fact]
    public void Slices_can_be_cut_from_patches()
    {
        Train("baseline", "slices", ["--epochs", "1", "--network", "unet2d"]);
        Kdnet.Run("predict", "--model", _folder["slices"], "--out", _folder["out"], "--threads", "1", trained.T1ce[0]).ExitCode.Should().Be(0);
    }

    [Fact]
    public void Patches_that_do_not_fit_the_network_and_unknown_changes_are_refused()
    {
        Kdnet unfit = Kdnet.Run(["train", "--system", "baseline", "--data", trained.Data, "--out", _folder["none"], "--patch-size", "9", .. Small[2..]]);
        unfit.ExitCode.Should().Be(2);
        unfit.Error.Should().Contain("9³").And.Contain("--patch-size");
        Kdnet unknown = Kdnet.Run(["train", "--system", "baseline", "--data", trained.Data, "--out", _folder["none"], .. Small, "--augment", "spin"]);
        unknown.ExitCode.Should().Be(2);
        unknown.Error.Should().Contain("--augment").And.Contain("rotation");
    }

    private void Train(string system, string name, string[] options)
    {
        Kdnet run = Kdnet.Run(["train", "--system", system, "--data", trained.Data, "--out", _folder[name], "--cache", _folder["cache"], .. Small, .. options]);
        run.ExitCode.Should().Be(0, run.Error);
    }
}
