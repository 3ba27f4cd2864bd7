using FluentAssertions;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class BraTSDatasetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(".nii")]
    [InlineData(".nii.gz")]
    public void Layout_of_2018_is_found_with_grades(string extension)
    {
        TinyCases.Write2018(_folder["MICCAI_BraTS_2018_Data_Training", "HGG"], "Brats18_B_1", extension);
        TinyCases.Write2018(_folder["MICCAI_BraTS_2018_Data_Training", "LGG"], "Brats18_A_1", extension);

        MedicalDataset dataset = MedicalDataset.Open(_folder.Root);

        dataset.Cases.Select(item => (item.Id, item.Group)).Should().Equal(("Brats18_A_1", "low"), ("Brats18_B_1", "high"));
        ShouldHoldTheRightImages(dataset.Cases[0]);
        dataset.Cases[0].Load().Labels.Should().Be(BraTSLabelConvention.BraTS2018.Map);
    }

    [Fact]
    public void Opening_the_folder_of_one_grade_still_knows_the_grade()
    {
        TinyCases.Write2018(_folder["HGG"], "Brats18_A_1");
        MedicalDataset.Open(_folder["HGG"]).Cases.Single().Group.Should().Be("high");
        MedicalDataset.Open(_folder["HGG", "Brats18_A_1"]).Cases.Single().Group.Should().Be("high");
    }

    [Fact]
    public void Layout_of_2020_is_found_with_grades_from_its_tables()
    {
        string training = _folder["MICCAI_BraTS2020_TrainingData"];
        foreach (string id in (string[])["BraTS20_Training_001", "BraTS20_Training_002", "BraTS20_Training_003", "BraTS20_Training_004"])
            TinyCases.Write2018(training, id);
        File.WriteAllText(Path.Combine(training, "name_mapping.csv"), """
            Grade,BraTS_2017_subject_ID,BraTS_2018_subject_ID,TCGA_TCIA_subject_ID,BraTS_2019_subject_ID,BraTS_2020_subject_ID
            HGG,Brats17_CBICA_AAB_1,Brats18_CBICA_AAB_1,NA,BraTS19_CBICA_AAB_1,BraTS20_Training_001
            LGG,NA,NA,NA,NA,BraTS20_Training_002
            """);
        File.WriteAllText(Path.Combine(training, "survival_info.csv"), "Brats20ID,Age,Survival_days,Extent_of_Resection\nBraTS20_Training_003,60.4,289,GTR\n");

        MedicalDataset.Open(_folder.Root).Cases.Select(item => item.Group).Should().Equal("high", "low", "high", null);
    }

    [Fact]
    public void Tables_of_grades_may_quote_their_cells_and_be_empty_but_not_be_damaged()
    {
        TinyCases.Write2018(_folder.Root, "BraTS20_Training_001");
        File.WriteAllText(_folder["survival_info.csv"], "");
        File.WriteAllText(
            _folder["name_mapping.csv"], "\"Remarks, if any\",\"Grade\",\"BraTS_2020_subject_ID\"\n\"large, left\", \"LGG\" ,\"BraTS20_Training_001\"\n");
        MedicalDataset.Open(_folder.Root).Cases.Should().ContainSingle().Which.Group.Should().Be("low");

        File.WriteAllText(_folder["name_mapping.csv"], "Grade,BraTS_2020_subject_ID\nLGG,\"BraTS20_Training_001\n");
        FluentActions.Invoking(() => MedicalDataset.Open(_folder.Root)).Should().Throw<MedicalDatasetException>()
            .WithMessage("*name_mapping.csv*no CSV table*grades*");
    }

    [Fact]
    public void Oddly_named_segmentation_of_case_355_of_2020_is_taken()
    {
        TinyCases.Write2018(_folder.Root, "BraTS20_Training_355");
        File.Move(_folder["BraTS20_Training_355", "BraTS20_Training_355_seg.nii.gz"], _folder["BraTS20_Training_355", "W39_1998.09.19_Segm.nii.gz"]);
        MedicalDataset.Open(_folder.Root).Cases.Single().SegmentationPath.Should().EndWith("Segm.nii.gz");
    }

    [Fact]
    public void Layout_of_2021_is_found_without_grades()
    {
        TinyCases.Write2018(_folder.Root, "BraTS2021_00005");
        MedicalDataset.Open(_folder.Root).Cases.Single().Group.Should().BeNull();
    }

    [Fact]
    public void Layout_of_2023_is_found_with_its_names_and_label_3()
    {
        const string id = "BraTS-GLI-00000-000";
        foreach ((string name, float value) in ((string, float)[])[("t1n", 100), ("t1c", 200), ("t2w", 300), ("t2f", 400)])
            TinyCases.WriteImage(_folder[id, $"{id}-{name}.nii.gz"], value);
        TinyCases.WriteLabels(_folder[id, $"{id}-seg.nii.gz"], 1, 2, 3);

        MedicalCase found = MedicalDataset.Open(_folder.Root).Cases.Single();

        found.Id.Should().Be(id);
        ShouldHoldTheRightImages(found);
        found.Load().Labels.Should().Be(BraTSLabelConvention.BraTS2023.Map);
    }

    [Fact]
    public void Case_of_2023_without_enhancing_tumor_is_written_back_with_label_3()
    {
        const string id = "BraTS-GLI-00001-000";
        foreach (string name in (string[])["t1n", "t1c", "t2w", "t2f"])
            TinyCases.WriteImage(_folder[id, $"{id}-{name}.nii.gz"], 1);
        TinyCases.WriteLabels(_folder[id, $"{id}-seg.nii.gz"], 1, 2);
        MedicalDataset.Open(_folder.Root).Cases.Single().Load().Labels.LabelOf(BraTSLabelConvention.EnhancingClass).Should().Be(3);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Decathlon_layout_is_found_with_its_channels_and_labels(bool withJson)
    {
        // Standard order: FLAIR, T1w, T1gd, T2w; the JSON of this test has another.
        string root = _folder["Task01_BrainTumour"];
        foreach (string sub in (string[])["imagesTr", "labelsTr", "imagesTs"])
            Directory.CreateDirectory(Path.Combine(root, sub));
        float[] values = withJson ? [200, 100, 400, 300] : [400, 100, 200, 300];
        NiftiImage fourDimensional = NiftiImage.FromVolumes([.. values.Select(value => TinyCases.Image(value))]);
        fourDimensional.Save(Path.Combine(root, "imagesTr", "BRATS_001.nii.gz"));
        fourDimensional.Save(Path.Combine(root, "imagesTs", "BRATS_485.nii.gz"));
        File.WriteAllText(Path.Combine(root, "imagesTr", "._BRATS_001.nii.gz"), "left by a Mac");
        TinyCases.WriteLabels(Path.Combine(root, "labelsTr", "BRATS_001.nii.gz"), 1, 2, 3);
        if (withJson)
            File.WriteAllText(Path.Combine(root, "dataset.json"), """{ "modality": { "0": "t1gd", "1": "T1w", "2": "FLAIR", "3": "T2w" } }""");
        MedicalDatasetOptions options = new() { FaultyCases = FaultyCaseHandling.Skip };

        MedicalDataset dataset = MedicalDataset.Open(_folder.Root, options);

        ShouldHoldTheRightImages(dataset.Cases.Single());
        CaseVolumes volumes = dataset.Cases.Single().Load();
        // Edema, non-enhancing, enhancing on disk.
        volumes.Labels.ToClasses(volumes.Segmentation!)[..4].Should().Equal(2, 1, 3, 0);
        dataset.Faults.Should().BeEmpty("a test case has no labels by design");
        MedicalDataset.Open(root, options with { RequireSegmentation = false }).Cases.Should().HaveCount(2);
    }

    [Theory]
    [InlineData("not json", "is no JSON")]
    [InlineData("{}", "does not name the channels")]
    [InlineData("""{ "modality": { "1": "CT" } }""", "numbered from 0")]
    public void Decathlon_description_that_makes_no_sense_is_refused_by_name(string json, string message)
    {
        Directory.CreateDirectory(_folder["imagesTr"]);
        File.WriteAllText(_folder["dataset.json"], json);
        Action open = () => MedicalDataset.Open(_folder.Root);
        open.Should().Throw<MedicalDatasetException>().WithMessage($"*dataset.json*{message}*");
    }

    [Fact]
    public void Decathlon_file_with_too_few_channels_is_reported()
    {
        Directory.CreateDirectory(_folder["imagesTr"]);
        NiftiImage.FromVolumes([TinyCases.Image(1), TinyCases.Image(2)]).Save(_folder["imagesTr", "BRATS_001.nii.gz"]);
        Action open = () => MedicalDataset.Open(_folder.Root, new() { RequireSegmentation = false });
        open.Should().Throw<MedicalDatasetException>().WithMessage("*BRATS_001*holds 2 volume(s)*");
    }

    [Fact]
    public void Bare_folders_are_found_singly_and_together()
    {
        foreach (string id in (string[])["one", "two"])
        {
            TinyCases.Write2018(_folder.Root, id);
            foreach (string file in Directory.GetFiles(_folder[id]))
                File.Move(file, file.Replace(id + "_", "", StringComparison.Ordinal));
            TinyCases.WriteLabels(_folder[id, "seg_label3.nii.gz"], 1, 2, 3);
        }

        MedicalDataset.Open(_folder.Root).Cases.Select(item => item.Id).Should().Equal("one", "two");
        MedicalCase single = MedicalDataset.Open(_folder["two"]).Cases.Single();
        single.Id.Should().Be("two");
        ShouldHoldTheRightImages(single);
    }

    [Fact]
    public void Files_of_several_cases_in_one_folder_are_told_apart_by_their_names()
    {
        foreach (string id in (string[])["BraTS2021_00001", "BraTS2021_00002"])
        {
            TinyCases.Write2018(_folder["tmp"], id);
            foreach (string file in Directory.GetFiles(_folder["tmp", id]))
                File.Move(file, _folder[Path.GetFileName(file)]);
        }

        MedicalDataset.Open(_folder.Root).Cases.Select(item => item.Id).Should().Equal("BraTS2021_00001", "BraTS2021_00002");
    }

    [Fact]
    public void All_faulty_cases_are_listed_with_their_reasons_and_can_be_skipped()
    {
        TinyCases.Write2018(_folder.Root, "A_good");
        TinyCases.Write2018(_folder.Root, "B_no_t2");
        File.Delete(_folder["B_no_t2", "B_no_t2_t2.nii.gz"]);
        TinyCases.Write2018(_folder.Root, "C_size");
        TinyCases.WriteImage(_folder["C_size", "C_size_flair.nii.gz"], 1, new VolumeGrid(new(4, 3, 3), TinyCases.Grid.Affine));
        TinyCases.Write2018(_folder.Root, "D_place");
        TinyCases.WriteImage(_folder["D_place", "D_place_t2.nii.gz"], 1, new VolumeGrid(new(4, 3, 2), new Affine(-1, 0, 0, 0.5, 0, -1, 0, 239, 0, 0, 1, 0)));
        TinyCases.Write2018(_folder.Root, "E_label", labels: [1, 2, 7, 9]);
        TinyCases.Write2018(_folder.Root, "F_both", labels: [1, 2, 3, 4]);
        TinyCases.Write2018(_folder.Root, "G_no_seg");
        File.Delete(_folder["G_no_seg", "G_no_seg_seg.nii.gz"]);
        TinyCases.Write2018(_folder.Root, "H_damaged");
        File.WriteAllText(_folder["H_damaged", "H_damaged_t1.nii.gz"], "no NIfTI");
        TinyCases.Write2018(_folder.Root, "I_double");
        TinyCases.WriteImage(_folder["I_double", "I_double_t1.nii"], 1);
        TinyCases.Write2018(_folder["HGG"], "J_twice");
        TinyCases.Write2018(_folder["LGG"], "J_twice");

        Action open = () => MedicalDataset.Open(_folder.Root);
        MedicalDataset skipped = MedicalDataset.Open(_folder.Root, new() { FaultyCases = FaultyCaseHandling.Skip });

        IReadOnlyList<CaseFault> faults = open.Should().Throw<MedicalDatasetException>()
            .WithMessage("10 of 11 case(s)*B_no_t2: modality t2 is missing*J_twice*").Which.Faults;
        faults.Select(fault => fault.CaseId)
            .Should().Equal("B_no_t2", "C_size", "D_place", "E_label", "F_both", "G_no_seg", "H_damaged", "I_double", "J_twice", "J_twice");
        string[] expected =
        [
            "modality t2 is missing", "4×3×2 voxels, flair has 4×3×3", "t2 at [-1 0 0 0.5", "unknown labels (7, 9)", "both label 3 and label 4",
            "segmentation is missing", "H_damaged_t1.nii.gz", "two files for t1", "occurs several times", "occurs several times",
        ];
        for (int i = 0; i < expected.Length; i++)
            faults[i].Reason.Should().Contain(expected[i]);
        skipped.Cases.Select(item => item.Id).Should().Equal("A_good");
        skipped.Faults.Should().Equal(faults);
    }

    [Fact]
    public void Student_needs_only_its_own_modality_and_prediction_no_segmentation()
    {
        TinyCases.WriteImage(_folder["X", "X_t1ce.nii.gz"], 200);
        MedicalDatasetOptions options = new() { RequiredModalities = [BraTSModality.T1ce], RequireSegmentation = false };
        CaseVolumes volumes = MedicalDataset.Open(_folder.Root, options).Cases.Single().Load();
        volumes.Images.Keys.Should().Equal("t1ce");
        volumes.Segmentation.Should().BeNull();
    }

    [Fact]
    public void Enhancing_label_can_be_fixed()
    {
        TinyCases.Write2018(_folder.Root, "X", labels: [1, 2, 3]);
        Action open = () => MedicalDataset.Open(_folder.Root, new() { Labels = BraTSLabelConvention.BraTS2018 });
        open.Should().Throw<MedicalDatasetException>().WithMessage("*unknown labels (3)*");
        MedicalDataset.Open(_folder.Root, new() { Labels = BraTSLabelConvention.BraTS2023 }).Cases.Should().ContainSingle();
    }

    [Fact]
    public void Without_verification_unknown_labels_show_on_use_with_the_name_of_the_case()
    {
        TinyCases.Write2018(_folder.Root, "X", labels: [1, 9]);
        MedicalCase found = MedicalDataset.Open(_folder.Root, new() { VerifySegmentations = false }).Cases.Single();
        Action use = () => new Preprocessor(new() { CropSize = VolumeSize.Cube(4) }).Process(found);
        use.Should().Throw<InvalidDataException>().WithMessage("Case X: *unknown labels (9)*");
    }

    [Fact]
    public void Folder_without_cases_is_refused_with_the_layouts_that_are_looked_for()
    {
        Directory.CreateDirectory(_folder["empty"]);
        Action open = () => MedicalDataset.Open(_folder["empty"]);
        open.Should().Throw<MedicalDatasetException>().WithMessage("No case was found*t1ce.nii.gz*");
    }

    [Fact]
    public void Missing_folder_is_refused_by_name()
    {
        Action open = () => MedicalDataset.Open(_folder["nowhere"]);
        open.Should().Throw<DirectoryNotFoundException>().WithMessage("*nowhere*does not exist*");
    }

    [Fact]
    public void Nothing_left_after_skipping_is_an_error_and_no_empty_data_set()
    {
        TinyCases.Write2018(_folder.Root, "X", labels: [9]);
        Action open = () => MedicalDataset.Open(_folder.Root, new() { FaultyCases = FaultyCaseHandling.Skip });
        open.Should().Throw<MedicalDatasetException>().WithMessage("*None is left*");
    }

    [Fact]
    public void All_wrong_options_are_named_at_once()
    {
        Action open = () => MedicalDataset.Open(_folder.Root, new() { Layouts = [], FaultyCases = (FaultyCaseHandling)5 });
        open.Should().Throw<ArgumentException>().WithMessage("*Layouts must hold at least one*FaultyCases*5.*");
    }

    [Fact]
    public void A_modality_that_the_data_set_does_not_have_is_refused_with_those_that_it_has()
    {
        TinyCases.Write2018(_folder.Root, "X");
        Action open = () => MedicalDataset.Open(_folder.Root, new() { RequiredModalities = ["t1", "ct"] });
        open.Should().Throw<ArgumentException>().WithMessage("*RequiredModalities must hold some of t1, t1ce, t2, flair*but is t1, ct.*");
    }

    [Fact]
    public void Default_options_ask_for_everything()
    {
        MedicalDatasetOptions options = new();
        options.RequiredModalities.Should().BeNull("that is: all of the data set");
        options.Labels.Should().BeNull();
        options.Layouts.Should().BeNull("that is: all that are known");
        options.RequireSegmentation.Should().BeTrue();
        options.FaultyCases.Should().Be(FaultyCaseHandling.Stop);
        options.VerifySegmentations.Should().BeTrue();
    }

    [Fact]
    public void Loading_a_modality_that_is_not_there_says_what_is()
    {
        TinyCases.WriteImage(_folder["X", "X_t1ce.nii.gz"], 200);
        MedicalCase found = MedicalDataset.Open(_folder.Root, new() { RequiredModalities = ["t1ce"], RequireSegmentation = false }).Cases.Single();
        Action load = () => found.Load("t1ce", "flair");
        load.Should().Throw<ArgumentException>().WithMessage("Case X has no modality 'flair'; it has: t1ce.*");
    }

    [Fact]
    public void File_that_is_damaged_after_opening_is_reported_with_its_case()
    {
        TinyCases.Write2018(_folder.Root, "X");
        MedicalCase found = MedicalDataset.Open(_folder.Root).Cases.Single();
        File.WriteAllText(_folder["X", "X_t1ce.nii.gz"], "gone");
        Action load = () => found.Load();
        load.Should().Throw<InvalidDataException>().WithMessage("Case X: *X_t1ce.nii.gz*");
    }

    [Theory]
    [InlineData("BraTS2021_00006")]
    [InlineData("BraTS2021_00006_2mm")]
    public void Real_case_is_found_and_loaded(string name)
    {
        string folder = SharedData.Require("data", name);
        MedicalCase found = MedicalDataset.Open(folder).Cases.Single();
        CaseVolumes volumes = found.Load();
        found.Id.Should().Be(name);
        volumes.Images.Keys.Should().BeEquivalentTo(BraTSModality.All);
        volumes.Segmentation!.Voxels.Distinct().Order().Should().Equal(0, 1, 2, 4);
    }

    private static void ShouldHoldTheRightImages(MedicalCase found)
    {
        CaseVolumes volumes = found.Load();
        BraTSModality.All.Select(name => volumes.Images[name].Voxels[0]).Should().Equal(100, 200, 300, 400);
    }
}
