using FluentAssertions;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Storage;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Samples.BraTS.Tests;

/// <summary>What <c>kdnet predict</c> does beyond single images: folders, several modalities, ensembles, uncertainty and what is cleaned away.</summary>
public sealed class PredictFoldersTests(TrainedNetworks trained) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private IReadOnlyList<MedicalCase> Cases => MedicalDataset.Open(trained.Data).Cases;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_teacher_segments_a_data_set_in_the_layout_of_BraTS()
    {
        string output = Succeed("--model", trained.Teacher, "--out", _folder["out"], trained.Data).Output;

        string[] names = [.. Cases.Select(item => item.Id)];
        Results().Should().Equal(names.Select(name => name + ".nii.gz"));
        output.Should().Contain($"{names[0]} -> ").And.Contain("(1 of 4, ").And.Contain("left)").And.Contain("(4 of 4)");
        Dictionary<string, string>[] rows = Rows("out", "summary.csv");
        rows.Select(row => row["case"]).Should().Equal(names);
        foreach (Dictionary<string, string> row in rows)
        {
            Volume<int> labels = NiftiImage.Load(_folder["out", row["case"] + ".nii.gz"]).ToLabels();
            double voxel = labels.Grid.Spacing.X * labels.Grid.Spacing.Y * labels.Grid.Spacing.Z;
            double.Parse(row["WT_mm3"], Invariant).Should().BeApproximately(labels.Voxels.Count(label => label != 0) * voxel, 0.01);
            double.Parse(row["ET_mm3"], Invariant).Should().BeApproximately(labels.Voxels.Count(label => label == 4) * voxel, 0.01);
            row["status"].Should().Be("done");
        }
    }

    [Fact]
    public void The_same_cases_give_the_same_result_in_every_layout()
    {
        Succeed("--model", trained.Teacher, "--save-probabilities", "--out", _folder["out"], trained.Data);
        Kdnet.Run("convert", trained.Data, "--out", _folder["nnunet"]).ExitCode.Should().Be(0);
        Succeed("--model", trained.Teacher, "--save-probabilities", "--out", _folder["converted"], _folder["nnunet"]);
        Succeed("--model", trained.Teacher, "--save-probabilities", "--out", _folder["images"], _folder["nnunet", "imagesTr"]);
        Succeed(
            [
                "--model", trained.Teacher, "--save-probabilities", "--out", _folder["files"],
                .. Cases.SelectMany(item => item.Images.Values.Select(image => image.Path)),
            ]);
        Succeed("--model", trained.Teacher, "--save-probabilities", "--out", _folder["one"], Path.GetDirectoryName(Cases[1].Images["t1"].Path)!);

        foreach (string folder in new[] { "converted", "images", "files" })
            Results(folder).Should().Equal(Results(), $"nnU-Net's evaluation finds {folder} by the names of the cases");
        Results("one").Should().Equal(Cases[1].Id + ".nii.gz");
        foreach (string folder in new[] { "converted", "images", "files", "one" })
        {
            foreach (string name in Results(folder))
            {
                Labels(folder, name).Should().Equal(Labels("out", name), $"{name} in {folder}");
                // Labels could be the same with exchanged channels.
                string edema = name.Replace(".nii.gz", "_edema.nii.gz");
                Floats(folder, "probabilities", edema).Should().Equal(Floats("out", "probabilities", edema), $"{edema} in {folder}");
            }
        }
    }

    [Fact]
    public void A_student_finds_its_channel_by_the_description_and_asks_where_there_is_none()
    {
        Kdnet.Run("convert", trained.Data, "--out", _folder["nnunet"]).ExitCode.Should().Be(0);
        Succeed(["--model", trained.Student, "--out", _folder["files"], .. trained.T1ce]);
        Succeed("--model", trained.Student, "--out", _folder["out"], _folder["nnunet", "imagesTr"]);
        Labels("out", Cases[0].Id + ".nii.gz").Should().Equal(Labels("files", Path.GetFileName(trained.T1ce[0]).Replace(".nii.gz", "_seg.nii.gz")));

        File.Delete(_folder["nnunet", "dataset.json"]);
        Kdnet unknown = Predict("--model", trained.Student, "--out", _folder["none"], _folder["nnunet", "imagesTr"]);
        unknown.ExitCode.Should().Be(2);
        unknown.Error.Should().Contain("dataset.json");
        Kdnet single = Predict("--model", trained.Student, "--out", _folder["none"], _folder["nnunet", "imagesTr", Cases[0].Id + "_0000.nii.gz"]);
        single.ExitCode.Should().Be(2, "the first channel need not be T1ce");
        Kdnet all = Predict("--model", trained.Teacher, "--out", _folder["guessed"], _folder["nnunet", "imagesTr"]);
        all.ExitCode.Should().Be(0);
        all.Error.Should().Contain("0001 = T1ce");
    }

    [Fact]
    public void A_folder_of_images_of_one_modality_is_segmented_and_others_doubted_by_name()
    {
        Directory.CreateDirectory(_folder["in"]);
        File.Copy(trained.T1ce[0], _folder["in", "anna.nii.gz"]);
        File.Copy(trained.T1ce[1], _folder["in", "scan_2021.nii.gz"]);
        Succeed("--model", trained.Student, "--out", _folder["out"], _folder["in"]);
        Results().Should().Equal("anna_seg.nii.gz", "scan_2021_seg.nii.gz");

        string flair = Cases[0].Images["flair"].Path;
        Kdnet doubted = Predict("--model", trained.Student, "--out", _folder["other"], flair);
        doubted.ExitCode.Should().Be(0);
        doubted.Error.Should().Contain("its name says FLAIR").And.Contain("T1ce");
        Kdnet refused = Predict("--model", trained.Student, "--strict", "--out", _folder["strict"], flair, trained.T1ce[0]);
        refused.ExitCode.Should().Be(1);
        Results("strict").Should().ContainSingle().Which.Should().Contain("t1ce");
    }

    [Fact]
    public void A_CT_is_doubted_by_a_network_for_MR_and_refused_on_request()
    {
        // Skull-stripped, so that its background is 0 as that of an MR.
        NiftiImage image = NiftiImage.Load(trained.T1ce[0]);
        Volume<float> volume = image.ToVolume();
        Random random = new(1);
        image.WithVoxels(new Volume<float>(volume.Grid, Array.ConvertAll(volume.Voxels, value => value == 0 ? 0 : (random.NextSingle() * 120) - 60)))
            .Save(_folder["ct.nii.gz"]);

        Kdnet doubted = Predict("--model", trained.Student, "--out", _folder["out"], _folder["ct.nii.gz"]);
        doubted.ExitCode.Should().Be(0);
        doubted.Error.Should().Contain("negative").And.Contain("CT");
        Rows("out", "summary.csv").Single()["warnings"].Should().Contain("negative");
        Kdnet refused = Predict("--model", trained.Student, "--strict", "--out", _folder["none"], _folder["ct.nii.gz"]);
        refused.ExitCode.Should().Be(1);
        refused.Error.Should().Contain("negative");
        Succeed(["--model", trained.Student, "--strict", "--out", _folder["mr"], .. trained.T1ce]).Error.Should().BeEmpty();
    }

    [Fact]
    public void Several_models_are_an_ensemble_and_none_is_taken_for_an_image()
    {
        string second = Train("second", "--seed", "2");
        string[] images = [.. trained.T1ce];

        Kdnet run = Succeed(["--model", trained.Student, second, "--out", _folder["out"], "--save-probabilities", "--uncertainty", .. images]);
        run.Output.Should().Contain("The mean of 2 networks");
        // Images that follow --model are no models.
        Succeed(["--out", _folder["after"], "--model", trained.Student, second, .. images]);
        foreach (string name in Results())
            Labels("after", name).Should().Equal(Labels("out", name));

        Succeed(["--model", trained.Student, "--out", _folder["first"], "--save-probabilities", .. images]);
        Succeed(["--model", second, "--out", _folder["second-alone"], "--save-probabilities", .. images]);
        string stem = Path.GetFileName(images[0])[..^".nii.gz".Length];
        foreach (string name in new[] { "necrosis", "edema", "enhancing", "TC", "WT" })
        {
            float[] mean = Floats("out", "probabilities", $"{stem}_{name}.nii.gz");
            float[] one = Floats("first", "probabilities", $"{stem}_{name}.nii.gz"), other = Floats("second-alone", "probabilities", $"{stem}_{name}.nii.gz");
            mean.Should().Equal(one.Zip(other, (a, b) => (a + b) / 2), (a, b) => Math.Abs(a - b) < 1e-5);
            mean.Max().Should().BePositive();
        }

        float[] entropy = Floats("out", "uncertainty", $"{stem}_entropy.nii.gz"), spread = Floats("out", "uncertainty", $"{stem}_spread.nii.gz");
        entropy.Max().Should().BeInRange(0.01f, MathF.Log(4) + 1e-4f);
        spread.Max().Should().BePositive();
        entropy.Zip(spread).Should().OnlyContain(pair => pair.Second >= 0 && pair.Second <= pair.First + 1e-4);

        Kdnet mixed = Predict("--model", trained.Student, trained.Teacher, "--out", _folder["none"], images[0]);
        mixed.ExitCode.Should().Be(2);
        mixed.Error.Should().Contain("same modalities").And.Contain(trained.Teacher);
        Kdnet misplaced = Predict("--model", trained.Student, "--out", _folder["none"], images[0], second);
        misplaced.ExitCode.Should().Be(2);
        misplaced.Error.Should().Contain("trained network");
        Predict("--model", trained.Student, "typo", "--out", _folder["none"], images[0]).Error.Should().Contain("no checkpoint 'typo'");
        Kdnet alone = Predict("--model", trained.Student, "--out", _folder["none"]);
        alone.ExitCode.Should().Be(2);
        alone.Error.Should().Contain("Give the images");
    }

    [Fact]
    public void All_folds_in_a_folder_are_an_ensemble_and_several_systems_are_refused()
    {
        Train("runs/fold-1", "--seed", "3");
        Train("runs/fold-2", "--seed", "4");

        Succeed("--model", _folder["runs"], "--out", _folder["out"], trained.T1ce[0]).Output.Should().Contain("The mean of 2 networks");

        Kdnet.Run([
            "train", "--system", "teacher", "--data", trained.Data, "--out", _folder["runs", "teacher"], "--cache", trained.In("cache"),
            .. TrainedNetworks.SmallTraining,
        ]).ExitCode.Should().Be(0);
        Kdnet mixed = Predict("--model", _folder["runs"], "--out", _folder["none"], trained.T1ce[0]);
        mixed.ExitCode.Should().Be(2);
        mixed.Error.Should().Contain("several systems").And.Contain("baseline").And.Contain("teacher");
    }

    [Fact]
    public void Mirror_images_make_the_result_symmetric_and_change_no_other_file()
    {
        Succeed("--model", trained.Student, "--out", _folder["plain"], "--save-probabilities", trained.T1ce[0]);
        Succeed("--model", trained.Student, "--tta", "--out", _folder["tta"], "--save-probabilities", trained.T1ce[0]);
        NiftiImage image = NiftiImage.Load(trained.T1ce[0]);
        Volume<float> volume = image.ToVolume();
        image.WithVoxels(new Volume<float>(volume.Grid, Mirrored(volume.Voxels, volume.Grid.Size.X))).Save(_folder["mirrored_t1ce.nii.gz"]);
        Succeed("--model", trained.Student, "--tta", "--out", _folder["tta"], "--save-probabilities", _folder["mirrored_t1ce.nii.gz"]);

        string stem = Path.GetFileName(trained.T1ce[0])[..^".nii.gz".Length];
        float[] plain = Floats("plain", "probabilities", $"{stem}_WT.nii.gz"), mean = Floats("tta", "probabilities", $"{stem}_WT.nii.gz");
        plain.Zip(mean).Max(pair => Math.Abs(pair.First - pair.Second)).Should().BeGreaterThan(1e-3f, "a network is not symmetric by itself");
        Mirrored(Floats("tta", "probabilities", "mirrored_t1ce_WT.nii.gz"), volume.Grid.Size.X)
            .Should().Equal(mean, (a, b) => Math.Abs(a - b) < 1e-4);

        string unflipped = Train("unflipped", "--flip", "false");
        Predict("--model", unflipped, "--tta", "--out", _folder["unflipped-out"], trained.T1ce[0]).Error.Should().Contain("without mirror images");
    }

    [Fact]
    public void Regions_below_a_least_volume_are_replaced_and_the_table_says_so()
    {
        Succeed("--model", trained.Teacher, "--out", _folder["plain"], trained.Data);
        Kdnet run = Succeed("--model", trained.Teacher, "--out", _folder["out"], "--min-volume", "WT=100000ml", trained.Data);

        foreach (string name in Results("plain"))
            Labels("out", name).Should().AllBeEquivalentTo(0);
        Results("plain").Should().Contain(name => Labels("plain", name).Any(label => label != 0));
        run.Output.Should().Contain("became background");
        Rows("out", "summary.csv").Select(row => row["removed"]).Should().Contain(text => text.Contains("WT"));

        Kdnet wrong = Predict("--model", trained.Teacher, "--out", _folder["none"], "--min-volume", "XY=1mm3", trained.Data);
        wrong.ExitCode.Should().Be(2);
        wrong.Error.Should().Contain("XY").And.Contain("ET, TC, WT");
        Kdnet senseless = Predict("--model", trained.Teacher, "--out", _folder["none"], "--min-volume", "ET=1", trained.Data);
        senseless.ExitCode.Should().Be(2);
        senseless.Error.Should().Contain("--min-volume").And.Contain("ET=50mm3");
    }

    [Fact]
    public void Only_the_largest_part_is_left()
    {
        Kdnet.Run([
            "train", "--system", "baseline", "--data", trained.Data, "--out", _folder["learned"], "--cache", trained.In("cache"), "--crop", "16",
            "--subsample", "1", "--levels", "2", "--width", "4", "--epochs", "16", "--learning-rate", "1e-2", "--threads", "1",
        ]).ExitCode.Should().Be(0);
        // Where nothing is to be found, little of what is found hangs together.
        NiftiImage image = NiftiImage.Load(trained.T1ce[0]);
        VolumeSize size = image.Grid.Size;
        var random = new Random(1);
        float[] noise = [.. Enumerable.Range(0, size.VoxelCount).Select(_ => random.Next(10) == 0 ? 1000 * random.NextSingle() : 0)];
        image.WithVoxels(new Volume<float>(image.Grid, noise)).Save(_folder["noise.nii.gz"]);
        Succeed("--model", _folder["learned"], "--out", _folder["plain"], _folder["noise.nii.gz"]);
        Succeed("--model", _folder["learned"], "--out", _folder["out"], "--largest-component", _folder["noise.nii.gz"]);

        int[] before = Labels("plain", "noise_seg.nii.gz"), after = Labels("out", "noise_seg.nii.gz");
        int[][] parts = [.. Parts(before, size).OrderByDescending(part => part.Length)];
        parts.Length.Should().BeGreaterThan(1);
        parts[0].Length.Should().BeGreaterThan(parts[1].Length, "else it would be open which one stays");
        after.Should().Equal(before.Select((label, i) => parts[0].Contains(i) ? label : 0));
    }

    [Fact]
    public void Results_that_are_there_are_passed_over_unless_they_are_damaged_and_stay_in_the_table()
    {
        Succeed("--model", trained.Teacher, "--out", _folder["out"], trained.Data);
        (string, string)[] before = [.. Rows("out", "summary.csv").Select(row => (row["case"], row["WT_mm3"]))];
        string first = _folder["out", Results()[0]], second = _folder["out", Results()[1]];
        File.WriteAllText(first, "damaged");
        File.SetLastWriteTimeUtc(second, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        string output = Succeed("--model", trained.Teacher, "--skip-existing", "--out", _folder["out"], trained.Data).Output;

        output.Should().Contain("was there");
        File.GetLastWriteTimeUtc(second).Year.Should().Be(2020);
        NiftiImage.Load(first).ToLabels().Voxels.Should().NotBeEmpty();
        Rows("out", "summary.csv").Select(row => (row["case"], row["WT_mm3"])).Should().Equal(before);
    }

    [Fact]
    public void A_case_that_fails_stops_no_other_and_stands_in_the_table()
    {
        Kdnet.Run("phantom", "--out", _folder["data"], "--cases", "3", "--size", "16").ExitCode.Should().Be(0);
        IReadOnlyList<MedicalCase> cases = MedicalDataset.Open(_folder["data"]).Cases;
        File.WriteAllText(cases[0].Images["t2"].Path, "no image");
        File.Delete(cases[1].Images[BraTSModality.Flair].Path);

        Kdnet run = Predict("--model", trained.Teacher, "--out", _folder["out"], _folder["data"]);

        run.ExitCode.Should().Be(1);
        run.Error.Should().Contain(cases[0].Id).And.Contain(cases[1].Id).And.Contain("FLAIR").And.Contain("2 of 3");
        Results().Should().Equal(cases[2].Id + ".nii.gz");
        Rows("out", "summary.csv").Count(row => row["status"] == "failed" && row["error"].Length > 0).Should().Be(2);
    }

    [Fact]
    public void Results_among_the_images_are_refused()
    {
        Kdnet.Run("convert", trained.Data, "--out", _folder["nnunet"]).ExitCode.Should().Be(0);
        Kdnet run = Predict("--model", trained.Teacher, "--out", _folder["nnunet", "imagesTr"], _folder["nnunet", "imagesTr"]);
        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain("choose another folder");
        Kdnet file = Predict("--model", trained.Student, "--uncertainty", "--out", _folder["one.nii.gz"], trained.T1ce[0]);
        file.ExitCode.Should().Be(2);
        file.Error.Should().Contain("folder");
    }

    private static IFormatProvider Invariant => System.Globalization.CultureInfo.InvariantCulture;

    private static Kdnet Predict(params string[] arguments) => Kdnet.Run(["predict", "--threads", "1", .. arguments]);

    private static Kdnet Succeed(params string[] arguments)
    {
        Kdnet run = Predict(arguments);
        run.ExitCode.Should().Be(0, run.Error);
        return run;
    }

    // The voxels of each part whose voxels share at least a corner, found by spreading from voxel to voxel.
    private static int[][] Parts(int[] labels, VolumeSize size)
    {
        HashSet<int> open = [.. Enumerable.Range(0, labels.Length).Where(i => labels[i] != 0)];
        List<int[]> parts = [];
        while (open.Count > 0)
        {
            List<int> part = [open.First()];
            open.Remove(part[0]);
            for (int next = 0; next < part.Count; next++)
            {
                (int x, int y, int z) = (part[next] % size.X, part[next] / size.X % size.Y, part[next] / size.X / size.Y);
                int[] reached = [.. open.Where(i =>
                    Math.Abs((i % size.X) - x) <= 1 && Math.Abs((i / size.X % size.Y) - y) <= 1 && Math.Abs((i / size.X / size.Y) - z) <= 1)];
                part.AddRange(reached);
                open.ExceptWith(reached);
            }

            parts.Add([.. part]);
        }

        return [.. parts];
    }

    private static float[] Mirrored(float[] voxels, int width) => [.. voxels.Chunk(width).SelectMany(row => row.Reverse())];

    private string Train(string name, params string[] options)
    {
        Kdnet run = Kdnet.Run([
            "train", "--system", "baseline", "--data", trained.Data, "--out", _folder[name], "--cache", trained.In("cache"), .. TrainedNetworks.SmallTraining,
            .. options,
        ]);
        run.ExitCode.Should().Be(0, run.Error);
        return _folder[name];
    }

    private Dictionary<string, string>[] Rows(params string[] path)
    {
        var table = CsvTable.Read(_folder[path]);
        return [.. table.Rows.Select(row => table.Columns.Zip(row).ToDictionary(cell => cell.First, cell => cell.Second))];
    }

    private string[] Results(string folder = "out") =>
        [.. Directory.EnumerateFiles(_folder[folder], "*.nii.gz").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private int[] Labels(string folder, string name) => NiftiImage.Load(_folder[folder, name]).ToLabels().Voxels;

    private float[] Floats(params string[] path) => NiftiImage.Load(_folder[path]).ToVolume().Voxels;
}
