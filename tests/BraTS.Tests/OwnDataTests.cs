using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Samples.OwnData;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

/// <summary>CT and MR in the layout of nnU-Net, with labels of their own, go through every command.</summary>
public sealed class OwnDataTests : IDisposable
{
    private static readonly string[] Small =
        ["--crop", "16", "--subsample", "1", "--levels", "2", "--width", "4", "--threads", "1", "--learning-rate", "1e-2", "--folds", "1"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_student_of_CT_learns_from_a_teacher_of_CT_and_MR()
    {
        string data = _folder["data"], teacher = _folder["teacher"], student = _folder["student"];
        CtMrFolder.Write(data, cases: 4, tests: 1);

        string inspect = Run("inspect", data, "--crop", "16", "--subsample", "1").Output;
        inspect.Should().Contain("nnU-Net").And.Contain("Labels      1=organ,2=lesion,3=ignore").And.Contain("5 with all of CT, MR")
            .And.Contain("lesion").And.NotContain("Warning", "the air of a CT is no background that is not 0");
        Run(["train", "--system", "teacher", "--data", data, "--out", teacher, "--epochs", "20", .. Small]);
        Run(["train", "--system", "kd-net", "--student", "ct", "--data", data, "--out", student, "--teacher", teacher, "--epochs", "30", .. Small]);
        string scores = Run("evaluate", "--data", data, "--model", student, "--cases", "all", "--threads", "1", "--out", _folder["scores.csv"]).Output;
        scores.Should().Contain("organ").And.Contain("lesion").And.NotContain("ET");
        Run("predict", "--model", student, "--threads", "1", "--out", _folder["out.nii.gz"], Path.Combine(data, "imagesTs", "body_004_0000.nii.gz"));

        int[] predicted = NiftiImage.Load(_folder["out.nii.gz"]).ToLabels().Voxels;
        predicted.Distinct().Should().BeSubsetOf([0, 1, 2], "what is ignored is never predicted").And.Contain(1);
        using var model = SegmentationModel.Load(Path.Combine(student, "best"));
        model.Network.Modalities.Should().Equal("CT");
        model.Metadata["labels"].Should().Be("1=organ,2=lesion,3=ignore");
        model.Metadata["preprocessing.normalization.CT"].Should().StartWith("ct ");
        Kdnet.Run(["train", "--system", "kd-net", "--data", data, "--out", _folder["none"], "--teacher", teacher, "--epochs", "1", .. Small])
            .Error.Should().Contain("CT, MR").And.Contain("--student");
        Kdnet.Run(["train", "--system", "baseline", "--student", "pet", "--data", data, "--out", _folder["none"], "--epochs", "1", .. Small])
            .Error.Should().Contain("no modality 'pet'").And.Contain("CT, MR");
    }

    [Fact]
    public void A_teacher_may_see_some_of_the_modalities()
    {
        CtMrFolder.Write(_folder["data"], cases: 4);
        Run(["train", "--system", "teacher", "--teacher-modalities", "MR", "--data", _folder["data"], "--out", _folder["mr"], "--epochs", "1", .. Small]);
        using var model = SegmentationModel.Load(_folder["mr", "best"]);
        model.Network.Modalities.Should().Equal("MR");
        Run([
            "train", "--system", "kd-net", "--student", "CT", "--teacher-modalities", "MR", "--teacher", _folder["mr"], "--data", _folder["data"],
            "--out", _folder["ct"], "--epochs", "1", .. Small,
        ]);
        using var student = SegmentationModel.Load(_folder["ct", "best"]);
        student.Metadata["preprocessing.normalization.CT"].Should().StartWith("ct ");
        Run([
            "train", "--system", "teacher", "--teacher-modalities", "mr", "ct", "--normalization", "ct=zscore,MR=zscore", "--data", _folder["data"],
            "--out", _folder["both"], "--epochs", "1", .. Small,
        ]);
        using var both = SegmentationModel.Load(_folder["both", "best"]);
        both.Network.Modalities.Should().Equal("MR", "CT");
        both.Metadata["preprocessing.normalization.CT"].Should().Be("zscore");
    }

    [Fact]
    public void A_converted_data_set_is_the_same_data_set()
    {
        CtMrFolder.Write(_folder["data"], cases: 2, tests: 1);
        Run("convert", _folder["data"], "--out", _folder["raw"]).Output.Should().Contain("3 cases");
        Run("inspect", _folder["raw"], "--quick").Output.Should().Contain("1=organ,2=lesion,3=ignore").And.Contain("3 can be read");
        Kdnet.Run("convert", _folder["data"], "--out", _folder["raw"]).Error.Should().Contain("not empty");
        File.WriteAllText(_folder["data", "dataset.json"], "{");
        Kdnet damaged = Kdnet.Run("inspect", _folder["data"]);
        damaged.ExitCode.Should().Be(1);
        damaged.Error.Should().Contain("dataset.json").And.Contain("is no JSON").And.NotContain("   at ");
    }

    [Fact]
    public void A_reproduction_on_other_data_prepares_CT_for_each_fold_and_reports_its_own_regions()
    {
        string data = _folder["data"], report = _folder["reproduction"];
        CtMrFolder.Write(data, cases: 6);
        string[] arguments =
        [
            "reproduce", "--data", data, "--preset", "quick", "--student", "CT", "--out", report, "--crop", "16", "--subsample", "1", "--levels", "2",
            "--width", "2", "--epochs", "2", "--folds", "2", "--threads", "1", "--only", "*/teacher-1*", "*/baseline-1*", "*/kd-net-tuned-1*",
        ];
        Run(arguments);

        string[] means = [.. new[] { 1, 2 }.Select(fold =>
        {
            using var teacher = SegmentationModel.Load(Path.Combine(report, "runs", $"fold-{fold}", "teacher-1-skips"));
            using var student = SegmentationModel.Load(Path.Combine(report, "runs", $"fold-{fold}", "kd-net-tuned-1-skips"));
            student.Metadata["preprocessing.normalization.CT"].Should().Be(teacher.Metadata["preprocessing.normalization.CT"]).And.StartWith("ct ");
            return student.Metadata["preprocessing.normalization.CT"];
        })];
        means.Should().OnlyHaveUniqueItems("the numbers are those of the fold's training cases");
        string text = File.ReadAllText(Path.Combine(report, "report.md"));
        text.Should().Contain("a teacher that sees CT and MR helps to train a student that sees CT only").And.Contain("| organ |").And.Contain("lesion")
            .And.NotContain("paper |").And.NotContain("Enhancing tumor").And.NotContain("T1ce");
        text.Should().Contain("KD-Net, tuned");
        File.ReadAllText(Path.Combine(report, "report.html")).Should().Contain("Median case").And.NotContain("no prediction can be shown");
        Run(arguments).Output.Should().Contain("0 runs to do here");
    }

    [Fact]
    public void The_demo_on_other_data_has_its_own_regions_and_no_figures_of_the_paper()
    {
        CtMrFolder.Write(_folder["data"], cases: 6);
        string[] arguments =
        [
            "demo", "--data", _folder["data"], "--out", _folder["demo"], "--crop", "16", "--subsample", "1", "--levels", "2", "--width", "2", "--epochs", "1",
            "--folds", "2", "--threads", "1",
        ];
        Kdnet.Run(arguments).Error.Should().Contain("CT, MR").And.Contain("--student");
        string output = Run([.. arguments, "--student", "ct"]).Output;
        output.Should().Contain("lesion").And.NotContain("in the paper").And.NotContain("BraTS 2018");
        File.ReadAllText(_folder["demo", "report.html"]).Should().Contain("sees CT and MR").And.Contain("organ").And.NotContain("enhancing");
    }

    private static Kdnet Run(params string[] arguments)
    {
        Kdnet run = Kdnet.Run(arguments);
        run.ExitCode.Should().Be(0, $"{string.Join(' ', arguments)}: {run.Error}");
        return run;
    }
}
