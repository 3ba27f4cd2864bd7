using FluentAssertions;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Methods.RFNet;
using Xunit;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

public sealed class RegionTrainingTests(TrainedNetworks trained)
{
    [Fact]
    public void Networks_that_learn_regions_teach_resume_are_scored_and_write_the_labels_of_the_data()
    {
        string teacher = trained.In("regions-teacher"), student = trained.In("regions-student"), results = trained.In("regions-results");
        Train("teacher", teacher, []).ExitCode.Should().Be(0);
        Kdnet distilled = Train("kd-net", student, ["--teacher", teacher]);
        distilled.Error.Should().BeEmpty();
        distilled.ExitCode.Should().Be(0);
        Train("kd-net", student, ["--teacher", teacher, "--resume"], epochs: "2").ExitCode.Should().Be(0);

        using (SegmentationModel model = SegmentationModel.Load(Path.Combine(student, "best")))
        {
            var regions = model.Labels.Should().BeOfType<OverlappingRegions>().Subject;
            regions.ChannelNames.Should().Equal("WT", "TC", "ET");
            regions.InnermostClasses.Should().Equal(2, 1, 3);
        }

        Kdnet.Run("evaluate", "--data", trained.Data, "--model", teacher, student, "--out", trained.In("regions.csv"), "--threads", "1")
            .ExitCode.Should().Be(0);
        File.ReadAllLines(trained.In("regions.csv")).Should().HaveCount(1 + (2 * 2 * 2 * 3));
        Kdnet.Run(["predict", "--model", student, "--out", results, "--save-probabilities", "--threads", "1", trained.T1ce[0]]).ExitCode.Should().Be(0);
        NiftiImage.Load(Directory.EnumerateFiles(results, "*.nii.gz").Single()).ToLabels().Voxels.Distinct().Should().BeSubsetOf([0, 1, 2, 4]);
        Directory.EnumerateFiles(Path.Combine(results, "probabilities")).Should().HaveCount(3);
    }

    [Fact]
    public void A_teacher_of_classes_is_refused_for_a_student_of_regions()
    {
        Kdnet run = Train("kd-net", trained.In("regions-unfit"), ["--teacher", trained.Teacher]);

        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain("has learned classes, but the student is to learn regions").And.Contain("--region-training");
    }

    [Fact]
    public void RFNet_lets_the_maps_of_regions_overlap()
    {
        ExperimentSettings settings = ExperimentSettings.Paper with { RegionTraining = true };
        SegmentationSystem system = SegmentationSystems.Of("rfnet");

        system.Recipe(settings, "t1ce").Should().BeOfType<RFNet3DOptions>().Which.OverlappingRegions.Should().BeTrue();
        system.Recipe(ExperimentSettings.Paper, "t1ce").Should().BeOfType<RFNet3DOptions>().Which.OverlappingRegions.Should().BeFalse();
    }

    [Fact]
    public void A_run_on_classes_does_not_go_on_with_regions()
    {
        Kdnet run = Train("baseline", trained.In("regions-baseline"), []);
        run.ExitCode.Should().Be(0);

        Kdnet other = Kdnet.Run(
            ["train", "--system", "baseline", "--data", trained.Data, "--out", trained.In("regions-baseline"), "--resume", .. TrainedNetworks.SmallTraining]);

        other.ExitCode.Should().Be(2);
        other.Error.Should().Contain("what channels are was regions and is now not set");
    }

    private Kdnet Train(string system, string folder, string[] more, string epochs = "1") => Kdnet.Run(
    [
        "train", "--system", system, "--data", trained.Data, "--out", folder, "--cache", trained.In("cache"), "--region-training", "true",
        .. TrainedNetworks.SmallTrainingWith("--epochs", epochs), .. more,
    ]);
}
