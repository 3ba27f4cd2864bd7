using FluentAssertions;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

/// <summary>Whatever public data sets get wrong is handled or named.</summary>
public sealed class DatasetFaultsTests : IDisposable
{
    private static readonly MedicalDatasetOptions Skip = new() { FaultyCases = FaultyCaseHandling.Skip };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_fault_in_voxels_is_listed_with_case_file_and_count_in_one_look()
    {
        foreach (string id in (string[])["A_good", "B_cut", "C_gzip", "D_nan", "E_infinite", "F_zero", "G_constant", "H_two", "I_labels"])
            TinyCases.Write2018(_folder.Root, id, ".nii");
        byte[] whole = File.ReadAllBytes(_folder["B_cut", "B_cut_t2.nii"]);
        File.WriteAllBytes(_folder["B_cut", "B_cut_t2.nii"], whole[..^3]);
        Damage("C_gzip", "flair");
        WriteVoxels("D_nan", "t1ce", i => i % 2 == 0 ? float.NaN : i);
        WriteVoxels("E_infinite", "t1", i => i == 5 ? float.NegativeInfinity : i);
        WriteVoxels("F_zero", "t2", _ => 0);
        WriteVoxels("G_constant", "t2", i => i < 4 ? 0 : 7);
        WriteVoxels("H_two", "t1", _ => 0);
        WriteVoxels("H_two", "flair", i => i == 0 ? float.NaN : i);
        File.WriteAllBytes(_folder["I_labels", "I_labels_seg.nii"], File.ReadAllBytes(_folder["I_labels", "I_labels_seg.nii"])[..^2]);
        List<int> progress = [];

        MedicalDataset quick = MedicalDataset.Open(_folder.Root, Skip with { VerifySegmentations = false });
        MedicalDataset dataset = quick.Examine(new PreprocessingOptions(), new Reports(progress));

        quick.Faults.Should().BeEmpty("headers are sound");
        progress.Should().HaveCount(9).And.Contain(9);
        dataset.Cases.Select(item => item.Id).Should().Equal("A_good");
        dataset.Examinations.Keys.Should().Equal("A_good");
        string[] expected =
        [
            "B_cut: *B_cut_t2.nii*ends before*",
            "C_gzip: *C_gzip_flair.nii*gzip*",
            "D_nan: '*D_nan_t1ce.nii' (t1ce) holds 12 of 24 voxels that are not finite numbers (NaN)*(set NaNIsZero).",
            "E_infinite: '*E_infinite_t1.nii' (t1) holds 1 of 24 voxels that are not finite numbers (infinite)*",
            "F_zero: '*F_zero_t2.nii' (t2) is empty (all 24 voxels are 0)*",
            "G_constant: '*G_constant_t2.nii' (t2) is constant (all 20 voxels that are not 0 have the value 7)*",
            "H_two: '*H_two_t1.nii' (t1) is empty*H_two_flair.nii' (flair) holds 1 of 24 voxels*",
            "I_labels: *I_labels_seg.nii*ends before*",
        ];
        dataset.Faults.Should().HaveSameCount(expected);
        foreach ((CaseFault fault, string pattern) in dataset.Faults.Zip(expected))
            fault.ToString().Should().Match(pattern);
    }

    [Fact]
    public void A_case_with_several_unreadable_files_names_all_of_them()
    {
        TinyCases.Write2018(_folder.Root, "A");
        TinyCases.Write2018(_folder.Root, "B");
        Damage("B", "t1", ".nii.gz");
        Damage("B", "t2", ".nii.gz");
        MedicalDataset.Open(_folder.Root, Skip).Examine(new PreprocessingOptions()).Faults.Should().ContainSingle().Which.Reason
            .Should().Match("*B_t1.nii.gz*B_t2.nii.gz*");
    }

    [Fact]
    public void Only_the_images_that_are_needed_are_judged()
    {
        TinyCases.Write2018(_folder.Root, "A", ".nii");
        WriteVoxels("A", "t2", _ => 0);
        MedicalDataset.Open(_folder.Root, Skip).Examine(new PreprocessingOptions { Modalities = ["t1ce"] }).Cases.Should().ContainSingle();
    }

    [Fact]
    public void Preprocessing_names_every_case_that_cannot_be_used_and_prepares_the_others()
    {
        foreach (string id in (string[])["A", "B", "C"])
            TinyCases.Write2018(_folder["data"], id, ".nii");
        WriteVoxels("B", "t2", _ => 0, "data");
        WriteVoxels("C", "t1", i => i == 0 ? float.NaN : i, "data");
        PreprocessingCache cache = new(_folder["cache"], new() { CropSize = new(4, 3, 2), SubsamplingFactor = 1 });
        IReadOnlyList<MedicalCase> cases = MedicalDataset.Open(_folder["data"]).Cases;

        FluentActions.Invoking(() => cache.Prepare(cases)).Should().Throw<InvalidDataException>()
            .WithMessage("2 of 3 cases cannot be used.*Case B: the image t2 is empty*Case C: the image t1 holds 1 of 24 voxels that are not finite*");
        cache.Prepare(cases[0]).WasCached.Should().BeTrue();
    }

    [Theory]
    [InlineData(2, "t2")]
    [InlineData(4, "t1")]
    [InlineData(4, "seg")]
    public void Several_volumes_where_one_is_expected_are_refused_by_name(int volumes, string kind)
    {
        TinyCases.Write2018(_folder.Root, "A");
        TinyCases.Write2018(_folder.Root, "B");
        NiftiImage.FromVolumes([.. Enumerable.Range(0, volumes).Select(i => new Volume<float>(TinyCases.Grid, new float[TinyCases.Grid.VoxelCount]))])
            .Save(_folder["B", $"B_{kind}.nii.gz"]);
        MedicalDataset.Open(_folder.Root, Skip).Faults.Should().ContainSingle().Which.ToString()
            .Should().Match($"B: *B_{kind}.nii.gz' holds {volumes} volume* where one is expected*");
    }

    [Fact]
    public void Decathlon_file_with_a_volume_too_many_is_refused_and_a_file_may_be_said_to_hold_more()
    {
        Directory.CreateDirectory(_folder["imagesTr"]);
        string path = _folder["imagesTr", "BRATS_001.nii.gz"];
        NiftiImage.FromVolumes([.. Enumerable.Range(1, 5).Select(value => TinyCases.Image(value))]).Save(path);
        FluentActions.Invoking(() => MedicalDataset.Open(_folder.Root, new() { RequireSegmentation = false })).Should().Throw<MedicalDatasetException>()
            .WithMessage("*BRATS_001*holds 5 volume(s) where 4 are expected*");

        MedicalCase own = new("X", new Dictionary<string, ImageFile> { ["t2"] = new(path, 3) { VolumeCount = 5 } }, BraTSLabelConvention.BraTS2018);
        own.Load().Images["t2"].Voxels[0].Should().Be(4);
    }

    [Theory]
    [InlineData(".nii", "00000057_brain.nii")]
    [InlineData(".nii", "00000057_brain.nii.gz")]
    [InlineData(".nii.gz", "SAME")]
    public void A_folder_named_as_a_file_stands_for_the_file_in_it(string ending, string inner)
    {
        TinyCases.Write2018(_folder.Root, "A", ".nii");
        foreach (string file in Directory.GetFiles(_folder["A"]))
        {
            string folder = Path.ChangeExtension(file, null) + ending;
            File.Move(file, file + "_");
            Directory.CreateDirectory(folder);
            string target = Path.Combine(folder, inner == "SAME" ? Path.GetFileName(folder) : inner);
            NiftiImage image = Read(file + "_");
            image.Save(target);
            File.WriteAllText(Path.Combine(folder, "._" + Path.GetFileName(target)), "left by a Mac");
            File.Delete(file + "_");
        }

        MedicalCase found = MedicalDataset.Open(_folder.Root).Cases.Single();
        found.Id.Should().Be("A");
        BraTSModality.All.Select(name => found.Load().Images[name].Voxels[0]).Should().Equal(100, 200, 300, 400);

        NiftiImage Read(string path)
        {
            File.Copy(path, path + ".nii");
            NiftiImage image = NiftiImage.Load(path + ".nii");
            File.Delete(path + ".nii");
            return image;
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void A_folder_named_as_a_file_without_one_file_in_it_is_a_fault(int files)
    {
        TinyCases.Write2018(_folder.Root, "A");
        TinyCases.Write2018(_folder.Root, "B");
        File.Delete(_folder["B", "B_t2.nii.gz"]);
        Directory.CreateDirectory(_folder["B", "B_t2.nii"]);
        for (int i = 0; i < files; i++)
            TinyCases.WriteImage(_folder["B", "B_t2.nii", $"{i}.nii"], i);
        MedicalDataset.Open(_folder.Root, Skip).Faults.Should().ContainSingle().Which.ToString()
            .Should().Match($"B: the folder '*B_t2.nii'*but holds {files}.*");
    }

    [Fact]
    public void Folders_named_as_files_are_read_in_the_layout_of_the_Decathlon_too()
    {
        Directory.CreateDirectory(_folder["imagesTr", "BRATS_001.nii.gz"]);
        NiftiImage.FromVolumes([.. Enumerable.Range(1, 4).Select(value => TinyCases.Image(value))])
            .Save(_folder["imagesTr", "BRATS_001.nii.gz", "BRATS_001.nii.gz"]);
        TinyCases.WriteLabels(_folder["labelsTr", "BRATS_001.nii.gz", "other.nii"], 1, 2, 3);
        MedicalDataset.Open(_folder.Root).Cases.Single().Load().Segmentation!.Voxels[..3].Should().Equal(1, 2, 3);
    }

    [Fact]
    public void Links_that_lead_nowhere_are_named()
    {
        TinyCases.Write2018(_folder.Root, "A");
        TinyCases.Write2018(_folder.Root, "B");
        Directory.CreateSymbolicLink(_folder["C"], "/not/mounted/C");
        File.CreateSymbolicLink(_folder["D"], _folder["D"]);
        File.Delete(_folder["B", "B_t2.nii.gz"]);
        File.CreateSymbolicLink(_folder["B", "B_t2.nii.gz"], "/not/mounted/t2.nii.gz");
        File.CreateSymbolicLink(_folder["README.txt"], "/not/mounted/README.txt");

        MedicalDataset dataset = MedicalDataset.Open(_folder.Root, Skip);

        dataset.Cases.Select(item => item.Id).Should().Equal("A");
        dataset.Faults.Select(fault => fault.CaseId).Should().Equal("B", "C", "D");
        dataset.Faults[0].Reason.Should().Contain("B_t2.nii.gz");
        dataset.Faults[1].Reason.Should().Match("the link '*C' leads to '/not/mounted/C', which is not there.");
        FluentActions.Invoking(() => MedicalDataset.Open(_folder.Root)).Should().Throw<MedicalDatasetException>().WithMessage("*/not/mounted/C*");
    }

    [Fact]
    public void A_link_to_a_case_elsewhere_is_followed()
    {
        TinyCases.Write2018(_folder["elsewhere"], "A");
        Directory.CreateDirectory(_folder["data"]);
        Directory.CreateSymbolicLink(_folder["data", "A"], _folder["elsewhere", "A"]);
        MedicalDataset.Open(_folder["data"]).Cases.Should().ContainSingle();
    }

    [Fact]
    public void Cases_that_lie_too_deep_are_named_also_where_there_are_no_others()
    {
        TinyCases.Write2018(_folder["1", "2", "3", "4"], "Deep");
        FluentActions.Invoking(() => MedicalDataset.Open(_folder.Root)).Should().Throw<MedicalDatasetException>()
            .WithMessage("No case was found*Deep_flair.nii.gz*4 folders deep*");

        TinyCases.Write2018(_folder["1", "2", "3"], "Near");
        MedicalDataset dataset = MedicalDataset.Open(_folder.Root, Skip);
        dataset.Cases.Select(item => item.Id).Should().Equal("Near");
        dataset.Faults.Should().ContainSingle().Which.ToString().Should().Match("Deep: '*Deep_flair.nii.gz' lies more than 4 folders deep*");
    }

    [Fact]
    public void Folders_and_tables_without_permission_are_named_and_only_the_folder_costs_a_case()
    {
        Assert.SkipWhen(Environment.IsPrivilegedProcess, "A privileged process may read everything.");
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has other permissions.");
            return;
        }

        TinyCases.Write2018(_folder.Root, "A");
        TinyCases.Write2018(_folder.Root, "B");
        File.WriteAllText(_folder["name_mapping.csv"], "Grade,BraTS_2020_subject_ID\nLGG,A\n");
        File.SetUnixFileMode(_folder["name_mapping.csv"], UnixFileMode.None);
        File.SetUnixFileMode(_folder["B"], UnixFileMode.None);
        try
        {
            MedicalDataset dataset = MedicalDataset.Open(_folder.Root, Skip);
            dataset.Warnings.Should().ContainSingle().Which.Should().Contain("name_mapping.csv");
            dataset.Faults.Should().ContainSingle().Which.ToString().Should().Match("B: the folder '*B' cannot be read*");
        }
        finally
        {
            File.SetUnixFileMode(_folder["B"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public void A_table_of_grades_that_cannot_be_read_is_a_warning()
    {
        TinyCases.Write2018(_folder.Root, "A");
        File.CreateSymbolicLink(_folder["name_mapping.csv"], "/not/mounted/name_mapping.csv");
        MedicalDataset dataset = MedicalDataset.Open(_folder.Root);
        dataset.Cases.Should().ContainSingle();
        dataset.Warnings.Should().ContainSingle().Which.Should().Contain("name_mapping.csv").And.Contain("cannot be read");
    }

    [Theory]
    [InlineData("Grade;BraTS_2020_subject_ID;Age\nLGG;BraTS20_Training_001;60,4\n")]
    [InlineData("Age;\"Grade\";BraTS_2020_subject_ID\r\n\"60,4\";LGG;BraTS20_Training_001\r\n")]
    [InlineData("Age;Grade;BraTS_2020_subject_ID\n60,4;LGG;BraTS20_Training_001\n")]
    [InlineData("Age\tGrade\tBraTS_2020_subject_ID\n60,4\tLGG\tBraTS20_Training_001\n")]
    public void Tables_may_be_separated_as_spreadsheets_in_any_country_do(string table)
    {
        TinyCases.Write2018(_folder.Root, "BraTS20_Training_001");
        File.WriteAllText(_folder["name_mapping.csv"], table);
        MedicalDataset.Open(_folder.Root).Cases.Single().Group.Should().Be("low");
    }

    [Theory]
    [InlineData("hgg", "high")]
    [InlineData("Hgg", "high")]
    [InlineData("lgg", "low")]
    public void Any_folder_above_a_case_may_tell_its_grade_in_any_case(string name, string grade)
    {
        TinyCases.Write2018(_folder[name, "center 3"], "A");
        MedicalDataset.Open(_folder.Root).Cases.Single().Group.Should().Be(grade);
    }

    [Fact]
    public void Names_that_differ_only_in_upper_and_lower_case_are_named()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() || OperatingSystem.IsMacOS(), "The file system does not tell them apart.");
        TinyCases.Write2018(_folder.Root, "Case_1");
        TinyCases.Write2018(_folder.Root, "case_1");
        TinyCases.Write2018(_folder.Root, "Case_2");
        MedicalDataset dataset = MedicalDataset.Open(_folder.Root, Skip);
        dataset.Cases.Select(item => item.Id).Should().Equal("Case_2");
        dataset.Faults.Should().HaveCount(2)
            .And.OnlyContain(fault => fault.Reason.Contains("but for upper and lower case (Case_1, case_1)", StringComparison.Ordinal));
    }

    [Fact]
    public void Files_of_one_case_may_differ_in_upper_and_lower_case()
    {
        TinyCases.Write2018(_folder.Root, "Case_1");
        Directory.Move(_folder["Case_1"], _folder["CASE_1"]);
        File.Move(_folder["CASE_1", "Case_1_flair.nii.gz"], _folder["CASE_1", "case_1_FLAIR.nii.gz"]);
        MedicalDataset.Open(_folder.Root).Cases.Single().Images.Should().HaveCount(4);
    }

    [Fact]
    public void A_prediction_beside_its_image_is_no_reference()
    {
        TinyCases.Write2018(_folder.Root, "A");
        TinyCases.WriteImage(_folder["B", "B_t1ce.nii.gz"], 1);
        TinyCases.WriteLabels(_folder["B", "B_t1ce_seg.nii.gz"], 1, 2, 4);
        MedicalDataset.Open(_folder.Root, new() { RequiredModalities = ["t1ce"], RequireSegmentation = false, FaultyCases = FaultyCaseHandling.Skip })
            .Faults.Should().ContainSingle().Which.ToString().Should().Match("B: '*B_t1ce_seg.nii.gz' is named like a prediction*");
    }

    [Theory]
    [InlineData(2.9999998f)]
    [InlineData(3.0000002f)]
    [InlineData(3.000001f)]
    public void Labels_stored_as_floats_may_be_a_rounding_off(float label)
    {
        TinyCases.Write2018(_folder.Root, "A", ".nii", 1, 2, 3);
        WriteVoxels("A", "seg", i => i switch { 0 => 0.99999994f, 1 => 2, 2 => label, _ => 0 });
        MedicalDataset.Open(_folder.Root).Cases.Single().Load().Segmentation!.Voxels[..4].Should().Equal(1, 2, 3, 0);
    }

    [Theory]
    [InlineData(2.5f)]
    [InlineData(2.99f)]
    [InlineData(float.NaN)]
    public void Labels_that_are_no_whole_numbers_are_refused_by_name(float label)
    {
        TinyCases.Write2018(_folder.Root, "A");
        TinyCases.Write2018(_folder.Root, "B", ".nii");
        WriteVoxels("B", "seg", i => i == 2 ? label : 0);
        MedicalDataset.Open(_folder.Root, Skip).Faults.Should().ContainSingle().Which.Reason.Should().Contain("B_seg.nii").And.Contain("no label");
    }

    private void WriteVoxels(string id, string name, Func<int, float> value, params string[] below) => NiftiImage
        .FromVolume(new Volume<float>(TinyCases.Grid, [.. Enumerable.Range(0, TinyCases.Grid.VoxelCount).Select(value)]))
        .Save(_folder[[.. below, id, $"{id}_{name}.nii"]]);

    // A gzip file whose header is sound and whose data are not.
    private void Damage(string id, string name, string ending = ".nii")
    {
        string path = _folder[id, $"{id}_{name}{ending}"];
        Random random = new(1);
        VolumeGrid grid = TinyCases.Grid;
        string sound = _folder[$"{id}_sound.nii.gz"];
        NiftiImage.FromVolume(new Volume<float>(grid, [.. Enumerable.Range(0, grid.VoxelCount).Select(_ => (float)random.NextDouble())])).Save(sound);
        byte[] bytes = File.ReadAllBytes(sound);
        bytes[^6] ^= 0x55;
        File.WriteAllBytes(path, bytes);
        File.Delete(sound);
    }

    private sealed class Reports(List<int> done) : IProgress<int>
    {
        public void Report(int value)
        {
            lock (done)
                done.Add(value);
        }
    }
}
