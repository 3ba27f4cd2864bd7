using FluentAssertions;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

/// <summary>What the commands do with data sets as they are found in public.</summary>
public sealed class DatasetCommandTests(TrainedNetworks trained)
{
    private static readonly string[] Few = [.. TrainedNetworks.SmallTraining, "--folds", "1"];

    [Fact]
    public void Inspect_names_faults_in_voxels_and_its_exit_code_tells_of_them_unless_only_headers_are_read()
    {
        string data = Copy("voxels");
        string damaged = Change(data, "0001_1_t2", value => value == 0 ? float.NaN : value);

        Kdnet run = Kdnet.Run("inspect", data, "--crop", "16"), quick = Kdnet.Run("inspect", data, "--quick");
        Kdnet mended = Kdnet.Run("inspect", data, "--crop", "16", "--nan-as-zero", "true"), sound = Kdnet.Run("inspect", trained.Data, "--crop", "16");

        run.ExitCode.Should().Be(1);
        run.Output.Should().MatchRegex(@"_0001_1: .*_0001_1_t2\.nii\.gz' \(t2\) holds \d+ of 4096 voxels .*\(NaN\).*--nan-as-zero")
            .And.Contain("3 can be read, 1 cannot");
        quick.ExitCode.Should().Be(0);
        quick.Output.Should().Contain("not read (--quick)").And.Contain("4 can be read");
        mended.ExitCode.Should().Be(0, mended.Output + damaged);
        sound.ExitCode.Should().Be(0);
        sound.Output.Should().Contain("Labels      1=necrosis,2=edema,4=enhancing").And.NotContain("Warning").And.NotContain("Geometry");
    }

    [Fact]
    public void Training_names_each_faulty_case_and_goes_on_without_it_when_told_to()
    {
        string data = Copy("skipped");
        Change(data, "0001_1_t1ce", _ => 0);
        string[] train = ["train", "--system", "baseline", "--data", data, .. Few];

        Kdnet stopped = Kdnet.Run([.. train, "--out", trained.In("skipped-1")]);
        Kdnet skipped = Kdnet.Run([.. train, "--out", trained.In("skipped-2"), "--skip-faulty"]);

        stopped.ExitCode.Should().Be(1);
        stopped.Error.Should().Contain("_0001_1: the image t1ce is empty");
        skipped.ExitCode.Should().Be(0, skipped.Error);
        skipped.Error.Should().MatchRegex(@"Left out: .*_0001_1: .*_t1ce\.nii\.gz' \(t1ce\) is empty");
        skipped.Output.Should().Contain("3 cases: 3 for training");
    }

    [Theory]
    [InlineData(null, "1=necrosis,2=edema,3=enhancing", new[] { 0, 1, 2, 3 })]
    [InlineData("1=edema,2=necrosis,3=enhancing", "1=edema,2=necrosis,3=enhancing", new[] { 0, 1, 2, 3 })]
    [InlineData("1=necrosis,2=edema,3=enhancing,9=ignore", "1=necrosis,2=edema,3=enhancing,9=ignore", new[] { 0, 1, 2, 3 })]
    public void Predictions_bear_the_labels_of_the_data_that_the_network_learned_from(string? said, string known, int[] allowed)
    {
        string name = "labels-" + (said?.Length ?? 0);
        string data = Copy(name);
        foreach (string file in Directory.EnumerateFiles(data, "*_seg.nii.gz", SearchOption.AllDirectories))
            Save(file, NiftiImage.Load(file).ToVolume().Voxels.Select(label => label == 4 ? 3f : label));
        string[] meaning = said is null ? [] : ["--labels", said];

        Kdnet train = Kdnet.Run(["train", "--system", "baseline", "--data", data, "--out", trained.In(name + "-run"), .. Few, .. meaning]);
        train.ExitCode.Should().Be(0, train.Error);
        Kdnet inspect = Kdnet.Run(["inspect", data, "--crop", "16", .. meaning]);
        string result = trained.In(name + ".nii.gz");
        Kdnet predict = Kdnet.Run("predict", "--model", trained.In(name + "-run"), "--out", result, "--threads", "1", trained.T1ce[0]);

        inspect.Output.Should().Contain("Labels      " + known);
        predict.ExitCode.Should().Be(0, predict.Error);
        NiftiImage.Load(result).ToLabels().Voxels.Distinct().Should().BeSubsetOf(allowed).And.Contain(3, "one epoch leaves every class somewhere");
        Kdnet other = Kdnet.Run(
            [
                "train", "--system", "baseline", "--data", data, "--out", trained.In(name + "-run"), .. Few,
                "--resume", "--labels", "1=enhancing,2=edema,3=necrosis,9=ignore",
            ]);
        other.ExitCode.Should().Be(2);
        other.Error.Should().Contain($"labels was {known} and is now");
    }

    [Theory]
    [InlineData("--labels", "1=necrosis", "no label is given for edema and enhancing")]
    [InlineData("--labels", "1=necrosis,2=edema,4=cavity", "there is no tissue 'cavity'")]
    [InlineData("--background", "black", "'black' is no background")]
    [InlineData("--nan-as-zero", "perhaps", "must be true or false")]
    public void Options_that_make_no_sense_are_refused_by_name(string option, string value, string reason)
    {
        Kdnet run = Kdnet.Run("inspect", trained.Data, option, value);
        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain(option).And.Contain(reason);
    }

    [Fact]
    public void Background_that_is_not_0_is_told_by_every_command_and_mended_by_an_option()
    {
        string data = Copy("background");
        foreach (string kind in (string[])["t1", "t1ce", "t2", "flair"])
            Change(data, kind, value => value - 500.25f);
        string[] train = ["train", "--system", "baseline", "--data", data, .. Few];
        string image = Directory.EnumerateFiles(data, "*_t1ce.nii.gz", SearchOption.AllDirectories).First();

        Kdnet inspect = Kdnet.Run("inspect", data, "--crop", "16"), warned = Kdnet.Run([.. train, "--out", trained.In("background-1")]);
        Kdnet mended = Kdnet.Run([.. train, "--out", trained.In("background-2"), "--background", "-500.25"]);
        Kdnet predicted = Predict(trained.Student, "background-3"), border = Predict(trained.Student, "background-4", "--background", "border");
        Kdnet strict = Predict(trained.Student, "background-5", "--strict"), learned = Predict(trained.In("background-2"), "background-6");

        inspect.ExitCode.Should().Be(0, "the cases can be used");
        inspect.Output.Should().Contain("the background of FLAIR is not 0 in 4 of 4 cases (").And.Contain("-500.25").And.Contain("(--background)");
        warned.Error.Should().Contain("Warning: the background of T1ce is not 0 in 4 of 4 cases").And.Contain("(--background)").And.NotContain("T2");
        mended.Error.Should().BeEmpty();
        predicted.Error.Should().Contain("its background is not 0 but -500.25");
        predicted.ExitCode.Should().Be(0);
        border.Error.Should().BeEmpty();
        (strict.ExitCode, strict.Error)
            .Should().Match<(int, string)>(it => it.Item1 == 1 && it.Item2.Contains("its background is not 0", StringComparison.Ordinal));
        learned.Error.Should().BeEmpty("the checkpoint tells how its images were mended");
        Kdnet scored = Kdnet.Run(
            "evaluate", "--data", data, "--model", trained.Student, "--cases", "all", "--out", trained.In("background.csv"), "--threads", "1");
        scored.ExitCode.Should().Be(0);
        scored.Error.Should().Contain("Warning: the background of T1ce is not 0 in 4 of 4 cases");
        Labels("background-4").Should().Equal(NiftiImage.Load(Sound()).ToLabels().Voxels, "with its background mended the image is the one that it was");

        Kdnet Predict(string model, string name, params string[] options) =>
            Kdnet.Run(["predict", "--model", model, "--out", trained.In(name + ".nii"), "--threads", "1", image, .. options]);

        int[] Labels(string name) => NiftiImage.Load(trained.In(name + ".nii")).ToLabels().Voxels;

        string Sound()
        {
            string result = trained.In("background-sound.nii");
            string original = Path.Combine(trained.Data, Path.GetRelativePath(data, image));
            Kdnet.Run("predict", "--model", trained.Student, "--out", result, "--threads", "1", original).ExitCode.Should().Be(0);
            return result;
        }
    }

    [Fact]
    public void An_image_far_from_those_of_the_training_is_predicted_with_a_warning_or_refused_when_told_to()
    {
        NiftiImage source = NiftiImage.Load(trained.T1ce[0]);
        VolumeGrid grid = source.Grid;
        Affine thick = new(-0.5, 0, 0, 0, 0, -0.5, 0, 0, 0, 0, 5, 0);
        string image = trained.In("thick_t1ce.nii.gz"), result = trained.In("thick_seg.nii.gz");
        NiftiImage.FromVolume(new Volume<float>(new VolumeGrid(grid.Size, thick), source.ToVolume().Voxels)).Save(image);
        string[] predict = ["predict", "--model", trained.Student, "--threads", "1", image];

        Kdnet run = Kdnet.Run([.. predict, "--out", result]), strict = Kdnet.Run([.. predict, "--out", trained.In("refused.nii"), "--strict"]);
        Kdnet near = Kdnet.Run("predict", "--model", trained.Student, "--threads", "1", trained.T1ce[0], "--strict", "--out", trained.In("near.nii"));

        run.ExitCode.Should().Be(0);
        run.Error.Should().Contain("thick_t1ce.nii.gz: its voxels are 0.5×0.5×5 mm");
        File.Exists(result).Should().BeTrue();
        strict.ExitCode.Should().Be(1);
        strict.Error.Should().Contain("its voxels are 0.5×0.5×5 mm");
        File.Exists(trained.In("refused.nii")).Should().BeFalse();
        (near.ExitCode, near.Error).Should().Be((0, ""));
    }

    [Fact]
    public void Inspect_tells_where_sform_and_voxel_sizes_disagree()
    {
        string data = Copy("sform");
        foreach (string kind in (string[])["t1", "t1ce", "t2", "flair", "seg"])
        {
            string file = Directory.EnumerateFiles(data, $"*0002_1_{kind}.nii.gz", SearchOption.AllDirectories).Single();
            NiftiImage image = NiftiImage.Load(file);
            string plain = trained.In("sform.nii");
            image.Save(plain);
            byte[] bytes = File.ReadAllBytes(plain);
            // pixdim[3] of a NIfTI-1 header.
            BitConverter.TryWriteBytes(bytes.AsSpan(76 + 12), 3.5f);
            File.WriteAllBytes(plain, bytes);
            NiftiImage.Load(plain).Save(file);
        }

        Kdnet run = Kdnet.Run("inspect", data, "--quick");

        run.ExitCode.Should().Be(0);
        run.Output.Should().MatchRegex("Geometry .*_0002_1, FLAIR: sform and voxel sizes disagree: .* by the sform, which is used, .*×3.5 by the header")
            .And.NotContain("_0001_1, FLAIR");
    }

    private string Copy(string name)
    {
        string copy = trained.In("set-" + name);
        StoredFiles.Copy(trained.Data, copy);
        return copy;
    }

    private static string Change(string data, string ending, Func<float, float> change)
    {
        string[] files = [.. Directory.EnumerateFiles(data, $"*_{ending}.nii.gz", SearchOption.AllDirectories)];
        files.Should().NotBeEmpty();
        foreach (string file in files)
            Save(file, NiftiImage.Load(file).ToVolume().Voxels.Select(change));
        return files[0];
    }

    private static void Save(string file, IEnumerable<float> voxels)
    {
        NiftiImage image = NiftiImage.Load(file);
        image.WithVoxels(new Volume<float>(image.Grid, [.. voxels])).Save(file);
    }
}
