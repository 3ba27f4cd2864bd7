using FluentAssertions;
using KnowledgeDistillation.Experiments.Prediction;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Samples.BraTS.CommandLine;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

/// <summary>`kdnet evaluate --find-postprocessing`, and what `kdnet predict` makes of it.</summary>
public sealed class FindPostProcessingTests(TrainedNetworks trained) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void It_is_chosen_stored_done_by_predict_and_can_be_left_out()
    {
        string run = CopyOfStudent();

        Kdnet found = Kdnet.Run("evaluate", "--data", trained.Data, "--model", run, "--find-postprocessing", "--threads", "1");

        found.ExitCode.Should().Be(ExitCode.Done, found.Error);
        found.Output.Should().Contain("validation case").And.Contain("WT");
        using (SegmentationModel model = SegmentationModel.Load(run))
            PostProcessingMetadata.Read(model.Metadata).Should().NotBeNull();
        // What a network of one epoch needs is not known here; this takes everything away.
        PostProcessingTuning.Store(run, new PostProcessingOptions { MinimumVolumes = [new MinimumVolume("WT", 1e9)] });
        Kdnet cleaned = Predict(run, "cleaned"), plain = Predict(run, "plain", "--no-postprocessing"), own = Predict(run, "own", "--min-volume", "ET=0.001mm3");
        cleaned.Output.Should().Contain("Cleaned up as was chosen on validation cases: WT of at least 1000000000 mm³");
        (plain.Output + own.Output).Should().NotContain("Cleaned up");
        Labels("cleaned").Should().OnlyContain(label => label == 0);
        Labels("plain").Should().Contain(label => label != 0).And.Equal(Labels("own"));
    }

    [Fact]
    public void What_contradicts_itself_is_refused()
    {
        string run = CopyOfStudent();
        Kdnet all = Kdnet.Run("evaluate", "--data", trained.Data, "--model", run, "--find-postprocessing", "--cases", "all");
        Kdnet both = Predict(run, "both", "--no-postprocessing", "--largest-component");

        all.ExitCode.Should().Be(ExitCode.WrongUsage);
        all.Error.Should().Contain("--find-postprocessing chooses on the validation cases and scores nothing: leave out --cases.");
        both.ExitCode.Should().Be(ExitCode.WrongUsage);
        both.Error.Should().Contain("--no-postprocessing leaves the results as they are");
    }

    public void Dispose() => _folder.Dispose();

    private Kdnet Predict(string run, string result, params string[] more) =>
        Kdnet.Run(["predict", "--model", run, "--out", _folder[$"{result}.nii.gz"], "--threads", "1", .. more, trained.T1ce[0]]);

    private int[] Labels(string result) => NiftiImage.Load(_folder[$"{result}.nii.gz"]).ToLabels().Voxels;

    private string CopyOfStudent()
    {
        StoredFiles.Copy(trained.Student, _folder["run"]);
        return _folder["run"];
    }
}
