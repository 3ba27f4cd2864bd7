using FluentAssertions;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

public sealed class PredictCommandTests(TrainedNetworks trained)
{
    [Fact]
    public void Labels_lie_on_the_grid_of_the_image_and_keep_its_header()
    {
        string folder = trained.In("segmentations");
        Kdnet run = Kdnet.Run(["predict", "--model", trained.Student, "--out", folder, "--threads", "1", .. trained.T1ce]);

        run.Error.Should().BeEmpty();
        run.ExitCode.Should().Be(0);
        foreach (string image in trained.T1ce)
        {
            var input = NiftiImage.LoadHeader(image);
            NiftiImage result = NiftiImage.Load(Path.Combine(folder, Path.GetFileName(image).Replace(".nii.gz", "_seg.nii.gz", StringComparison.Ordinal)));
            result.Grid.Should().Be(input.Grid);
            (result.Header.QformCode, result.Header.SformCode, result.Header.Quaternion).Should().Be((input.QformCode, input.SformCode, input.Quaternion));
            result.ToLabels().Voxels.Distinct().Should().BeSubsetOf([0, 1, 2, 4]);
        }
    }

    [Fact]
    public void An_oblique_image_of_another_orientation_and_size_gets_its_labels_in_its_own_grid()
    {
        NiftiImage source = NiftiImage.Load(trained.T1ce[0]);
        Volume<float> sagittal = source.ToVolume().ReorientTo(Orientation.Parse("PIR"));
        string image = trained.In("sagittal.nii"), result = trained.In("sagittal_labels.nii.gz");
        NiftiImage.FromVolume(sagittal).Save(image);

        Kdnet.Run("predict", "--model", trained.Student, "--out", result, "--threads", "1", image).ExitCode.Should().Be(0);
        Kdnet.Run("predict", "--model", trained.Student, "--out", trained.In("axial_labels.nii.gz"), "--threads", "1", trained.T1ce[0]).ExitCode.Should().Be(0);

        Volume<int> labels = NiftiImage.Load(result).ToLabels();
        labels.Grid.CoincidesWith(sagittal.Grid).Should().BeTrue();
        labels.ReorientTo(source.Grid.Orientation).Voxels.Should().Equal(NiftiImage.Load(trained.In("axial_labels.nii.gz")).ToLabels().Voxels);
    }

    [Fact]
    public void An_image_that_fails_is_reported_and_the_others_are_done()
    {
        string damaged = trained.In("damaged.nii.gz"), folder = trained.In("some");
        File.WriteAllText(damaged, "no image");
        Kdnet run = Kdnet.Run("predict", "--model", trained.Student, "--out", folder, "--threads", "1", damaged, "absent.nii", trained.T1ce[0]);

        run.ExitCode.Should().Be(1);
        run.Error.Should().Contain("damaged.nii.gz").And.Contain("absent.nii").And.Contain("2 of 3");
        Directory.EnumerateFiles(folder, "*.nii.gz").Should().ContainSingle();
    }

    [Fact]
    public void Results_never_overwrite_one_another_or_an_image()
    {
        string other = Directory.CreateDirectory(trained.In("other")).FullName;
        string copy = Path.Combine(other, Path.GetFileName(trained.T1ce[0]));
        File.Copy(trained.T1ce[0], copy);

        Kdnet.Run("predict", "--model", trained.Student, "--out", trained.In("clash"), "--threads", "1", trained.T1ce[0], copy).ExitCode.Should().Be(2);
        Kdnet.Run("predict", "--model", trained.Student, "--out", copy, "--threads", "1", copy).ExitCode.Should().Be(2);
        Kdnet.Run("predict", "--model", trained.Student, "--out", trained.In("one.nii"), "--threads", "1", trained.T1ce[0], trained.T1ce[1])
            .ExitCode.Should().Be(2);
        File.ReadAllBytes(copy).Should().Equal(File.ReadAllBytes(trained.T1ce[0]));
    }

    [Fact]
    public void A_network_that_sees_several_modalities_names_those_that_are_missing()
    {
        Kdnet run = Kdnet.Run("predict", "--model", trained.Teacher, "--out", trained.In("none"), "--threads", "1", trained.T1ce[0]);

        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain("T1, T1ce, T2, FLAIR").And.Contain("T1, T2, FLAIR are missing");
    }

    [Fact]
    public void A_network_for_any_modalities_is_told_which_one_the_images_are()
    {
        string folder = trained.In("any-segmented");
        Kdnet untold = Kdnet.Run("predict", "--model", trained.AnyModalities, "--out", folder, "--threads", "1", trained.T1ce[0]);
        Kdnet other = Kdnet.Run("predict", "--model", trained.Student, "--modality", "t2", "--out", folder, "--threads", "1", trained.T1ce[0]);
        untold.ExitCode.Should().Be(2);
        untold.Error.Should().Contain("--modality");
        other.ExitCode.Should().Be(2);
        other.Error.Should().Contain("T1ce").And.Contain("t2");

        Kdnet named = Kdnet.Run("predict", "--model", trained.AnyModalities, "--modality", "t1ce", "--out", folder, "--threads", "1", trained.T1ce[0]);

        named.Error.Should().BeEmpty();
        named.ExitCode.Should().Be(0);
        Directory.EnumerateFiles(folder, "*.nii.gz").Should().ContainSingle();
    }

    [Fact]
    public void A_damaged_checkpoint_is_named()
    {
        string copy = trained.In("damaged-model");
        StoredFiles.Copy(Path.Combine(trained.Student, "best"), copy);
        File.AppendAllText(Path.Combine(copy, "weights.safetensors"), "x");

        Kdnet run = Kdnet.Run("predict", "--model", copy, "--out", trained.In("none"), "--threads", "1", trained.T1ce[0]);

        run.ExitCode.Should().Be(1);
        run.Error.Should().Contain("weights.safetensors").And.NotContain("   at ");
    }
}
