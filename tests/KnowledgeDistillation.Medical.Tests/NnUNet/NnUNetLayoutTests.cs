using System.Text.Json;
using FluentAssertions;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.NnUNet;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Samples.OwnData;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

/// <summary>Raw folders of nnU-Net and tasks of the Decathlon, read and written.</summary>
public sealed class NnUNetLayoutTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_raw_folder_tells_modalities_labels_cases_and_what_is_ignored()
    {
        CtMrFolder.Write(_folder.Root, cases: 3, tests: 1);
        var dataset = MedicalDataset.Open(_folder.Root);
        dataset.Layout.Should().Be("nnU-Net");
        dataset.Modalities.Should().Equal("CT", "MR");
        dataset.Cases.Select(item => item.Id).Should().Equal("body_000", "body_001", "body_002");
        dataset.Labels.ToText().Should().Be("1=organ,2=lesion,3=ignore");
        dataset.Labels.Map.ClassOf(3).Should().Be(LabelMap.Ignored);
        dataset.Regions.Select(region => region.Name).Should().Equal("organ", "lesion");
        dataset.Warnings.Should().BeEmpty();
        dataset.Description.FindModality("ct").Should().Be("CT");
        MedicalDataset.Open(_folder.Root, new() { RequireSegmentation = false }).Cases.Should().HaveCount(4);
        MedicalDataset.Describe(_folder.Root).Should().Be(dataset.Description);
    }

    [Fact]
    public void Regions_are_unions_of_the_labels_on_disk()
    {
        CtMrFolder.Write(_folder.Root, 1, labels: """{ "background": 0, "whole": [1, 2], "lesion": 2, "ignore": 3 }, "regions_class_order": [1, 2]""");
        var dataset = MedicalDataset.Open(_folder.Root);
        dataset.Labels.Map.Names.Should().Equal("background", "label 1", "lesion");
        dataset.Regions.Select(region => (region.Name, string.Join('+', region.Classes))).Should().Equal(("whole", "1+2"), ("lesion", "2"));
    }

    [Theory]
    [InlineData(
        """{ "background": 0, "whole tumor": [1, 2, 3], "tumor core": [2, 3], "enhancing tumor": 3 }, "regions_class_order": [1, 2, 3]""", new[] { 2, 1, 3 })]
    [InlineData("""{ "background": 0, "edema": 1, "non-enhancing tumor": 2, "enhancing tumour": 3 }""", new[] { 2, 1, 3 })]
    [InlineData("""{ "background": 0, "necrosis": 3, "oedema": 1, "enhancing": 2, "ignore": 4 }""", new[] { 3, 1, 2 })]
    public void Cases_of_BraTS_in_the_layout_of_another_challenge_are_cases_of_BraTS(string labels, int[] onDisk)
    {
        foreach (string sub in (string[])["imagesTr", "labelsTr"])
            Directory.CreateDirectory(_folder[sub]);
        string[] channels = ["T1", "T1ce", "T2", "FLAIR"];
        for (int channel = 0; channel < 4; channel++)
            TinyCases.WriteImage(_folder["imagesTr", $"X_{channel:0000}.nii.gz"], 100 * (channel + 1));
        TinyCases.WriteLabels(_folder["labelsTr", "X.nii.gz"], onDisk);
        File.WriteAllText(_folder["dataset.json"], $$"""
            { "channel_names": { "0": "T1", "1": "T1ce", "2": "T2", "3": "FLAIR" }, "labels": {{labels}} }
            """);
        var dataset = MedicalDataset.Open(_folder.Root);
        dataset.Modalities.Should().Equal(BraTSModality.All).And.HaveCount(channels.Length);
        dataset.Regions.Select(region => region.Name).Should().Equal("ET", "TC", "WT");
        CaseVolumes volumes = dataset.Cases.Single().Load();
        volumes.Labels.ToClasses(volumes.Segmentation!)[..4].Should().Equal(1, 2, 3, 0);
        volumes.Images["flair"].Voxels[0].Should().Be(400);
        volumes.Labels.ToLabels(TinyCases.Grid, volumes.Labels.ToClasses(volumes.Segmentation!)).Voxels[..3]
            .Should().Equal(onDisk, "predictions bear its labels");
    }

    [Theory]
    [InlineData("not json", "is no JSON")]
    [InlineData("[1]", "must hold an object, but holds a list")]
    [InlineData("", "is no JSON")]
    [InlineData("""{ "channel_names": null }""", "it is null")]
    [InlineData("""{ "channel_names": {} }""", "numbered from 0")]
    [InlineData("""{ "channel_names": { "0": "CT", "2": "MR" } }""", "without a gap, but are 0, 2")]
    [InlineData("""{ "channel_names": { "0": "CT", "00": "MR" } }""", "channel 0 occurs twice")]
    [InlineData("""{ "channel_names": { "zero": "CT" } }""", "'zero' is no number")]
    [InlineData("""{ "channel_names": { "0": 7 } }""", "no name")]
    [InlineData("""{ "channel_names": { "0": "CT" }, "file_ending": ".png" }""", ".png")]
    [InlineData("""{ "channel_names": { "0": "CT" }, "labels": [] }""", "it is a list")]
    [InlineData("""{ "channel_names": { "0": "CT" }, "labels": { "background": 0 } }""", "no label but background")]
    [InlineData("""{ "channel_names": { "0": "CT" }, "labels": { "background": 1, "organ": 2 } }""", "background must be 0")]
    [InlineData("""{ "channel_names": { "0": "CT" }, "labels": { "organ": 1.5 } }""", "whole number")]
    [InlineData("""{ "channel_names": { "0": "CT" }, "labels": { "organ": -1 } }""", "from 0")]
    [InlineData("""{ "channel_names": { "0": "CT" }, "labels": { "organ": 99999999999999 } }""", "whole number")]
    [InlineData("""{ "channel_names": { "0": "CT" }, "labels": { "organ": [] } }""", "must have numbers")]
    [InlineData("""{ "channel_names": { "0": "CT" }, "labels": { "organ": ["1"] } }""", "whole number")]
    [InlineData("""{ "channel_names": { "0": "CT" }, "labels": { "organ": 1, "lesion": 1 } }""", "same number")]
    [InlineData("""{ "channel_names": { "0": "CT" }, "labels": { "organ": [0, 1] } }""", "must not hold 0")]
    [InlineData("""{ "channel_names": { "0": "CT" }, "labels": { "organ": { "1": 1 } } }""", "is an object")]
    [InlineData("""{ "channel_names": { "0": "CT" }, "labels": { "organ": 1, "ignore": 1 } }""", "ignores a label")]
    [InlineData("""{ "channel_names": { "0": "CT" }, "labels": { "a": [1, 2], "b": 2 }, "regions_class_order": [1, 7] }""", "regions_class_order")]
    [InlineData("""{ "channel_names": { "0": "CT" }, "labels": { "a": [1, 2], "b": 2 }, "regions_class_order": "1" }""", "regions_class_order")]
    public void A_description_that_makes_no_sense_is_one_exception_with_the_file_and_the_reason(string json, string reason)
    {
        CtMrFolder.Write(_folder.Root, 1);
        File.WriteAllText(_folder["dataset.json"], json);
        FluentActions.Invoking(() => MedicalDataset.Open(_folder.Root)).Should().Throw<MedicalDatasetException>()
            .WithMessage($"*dataset.json*{reason}*");
    }

    [Fact]
    public void A_description_nested_without_end_is_refused()
    {
        CtMrFolder.Write(_folder.Root, 1);
        File.WriteAllText(_folder["dataset.json"], """{ "channel_names": """ + new string('[', 100_000));
        FluentActions.Invoking(() => MedicalDataset.Open(_folder.Root)).Should().Throw<MedicalDatasetException>().WithMessage("*dataset.json*is no JSON*");
    }

    [Fact]
    public void What_is_missing_or_too_much_is_named_by_case()
    {
        CtMrFolder.Write(_folder.Root, cases: 4);
        File.Delete(_folder["imagesTr", "body_000_0001.nii.gz"]);
        File.Delete(_folder["labelsTr", "body_001.nii.gz"]);
        File.Copy(_folder["imagesTr", "body_002_0000.nii.gz"], _folder["imagesTr", "body_002_0002.nii.gz"]);
        File.Copy(_folder["labelsTr", "body_002.nii.gz"], _folder["labelsTr", "body_009.nii.gz"]);
        var dataset = MedicalDataset.Open(_folder.Root, new() { FaultyCases = FaultyCaseHandling.Skip });
        dataset.Cases.Select(item => item.Id).Should().Equal("body_003");
        dataset.Faults.Select(fault => fault.CaseId).Should().Equal("body_000", "body_001", "body_002", "body_009");
        string.Join('|', dataset.Faults).Should().MatchRegex("MR is missing.*segmentation is missing.*channel 2, but.*0 to 1.*no image in imagesTr");
    }

    [Fact]
    public void A_one_hot_reference_is_refused_by_name()
    {
        CtMrFolder.Write(_folder.Root, 1);
        var labels = NiftiImage.Load(_folder["labelsTr", "body_000.nii.gz"]).ToVolume();
        NiftiImage.FromVolumes([labels, labels]).Save(_folder["labelsTr", "body_000.nii.gz"]);
        FluentActions.Invoking(() => MedicalDataset.Open(_folder.Root)).Should().Throw<MedicalDatasetException>()
            .WithMessage("*body_000*holds 2 volumes where one is expected*");
    }

    [Fact]
    public void Folds_of_the_data_set_are_kept_and_damaged_ones_refused()
    {
        CtMrFolder.Write(_folder.Root, cases: 4);
        File.WriteAllText(_folder["splits_final.json"], """
            [{ "train": ["body_000", "body_001", "body_002"], "val": ["body_003"] }, { "train": ["body_003", "body_002", "gone"], "val": ["body_000", "body_001"] }]
            """);
        IReadOnlyList<CrossValidationFold> folds = CrossValidation.Prescribed(MedicalDataset.Open(_folder.Root));
        folds.Select(fold => string.Join(' ', fold.Test.Select(item => item.Id))).Should().Equal("body_003", "body_000 body_001");
        folds[0].Training.Concat(folds[0].Validation).Select(item => item.Id).Should().BeEquivalentTo("body_000", "body_001", "body_002");
        foreach ((string json, string reason) in ((string, string)[])[("{}", "must hold a list"), ("[]", "holds no fold"),
            ("""[{ "train": ["a"] }]""", "\"val\" in fold 0"),
            ("""[{ "train": ["a"], "val": ["a"] }]""", "'a' in both"), ("""[{ "train": [1], "val": [] }]""", "\"train\"")])
        {
            File.WriteAllText(_folder["splits_final.json"], json);
            FluentActions.Invoking(() => MedicalDataset.Open(_folder.Root)).Should().Throw<MedicalDatasetException>()
                .WithMessage($"*splits_final.json*{reason}*");
        }
    }

    [Fact]
    public void Any_task_of_the_Decathlon_is_read_with_one_file_for_each_case_or_for_each_modality()
    {
        foreach (string root in (string[])["whole", "apart"])
        {
            foreach (string sub in (string[])["imagesTr", "labelsTr"])
                Directory.CreateDirectory(_folder[root, sub]);
            File.WriteAllText(_folder[root, "dataset.json"], """
                { "modality": { "0": "T2", "1": "ADC" }, "labels": { "0": "background", "1": "PZ", "2": "TZ" }, "numTraining": 2 }
                """);
            TinyCases.WriteLabels(_folder[root, "labelsTr", "prostate_00.nii.gz"], 2, 1);
        }

        NiftiImage.FromVolumes([TinyCases.Image(100), TinyCases.Image(200)]).Save(_folder["whole", "imagesTr", "prostate_00.nii.gz"]);
        TinyCases.WriteImage(_folder["apart", "imagesTr", "prostate_00_0000.nii.gz"], 100);
        TinyCases.WriteImage(_folder["apart", "imagesTr", "prostate_00_0001.nii.gz"], 200);
        foreach (string root in (string[])["whole", "apart"])
        {
            var dataset = MedicalDataset.Open(_folder[root]);
            dataset.Modalities.Should().Equal("T2", "ADC");
            dataset.Labels.ToText().Should().Be("1=PZ,2=TZ");
            CaseVolumes volumes = dataset.Cases.Single().Load();
            (volumes.Images["T2"].Voxels[0], volumes.Images["ADC"].Voxels[0]).Should().Be((100f, 200f), root);
            dataset.Warnings.Should().ContainSingle().Which.Should().Contain("2 training case(s), but 1 were found");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_written_as_a_raw_folder_is_read_as_the_same(bool decathlon)
    {
        if (decathlon)
        {
            foreach (string sub in (string[])["imagesTr", "labelsTr"])
                Directory.CreateDirectory(_folder["source", sub]);
            NiftiImage.FromVolumes([.. Enumerable.Range(1, 4).Select(value => TinyCases.Image(100 * value))]).Save(_folder["source", "imagesTr", "A.nii.gz"]);
            TinyCases.WriteLabels(_folder["source", "labelsTr", "A.nii.gz"], 1, 2, 3);
        }
        else
        {
            TinyCases.Write2018(_folder["source"], "A");
            TinyCases.Write2018(_folder["source"], "B", ".nii");
        }

        var source = MedicalDataset.Open(_folder["source"]);
        NnUNetFolder.Write(source, _folder["raw"]);
        var written = MedicalDataset.Open(_folder["raw"]);
        written.Layout.Should().Be("nnU-Net");
        written.Modalities.Should().Equal(source.Modalities);
        written.Labels.ToText().Should().Be("1=necrosis,2=edema,3=enhancing");
        written.Cases.Select(item => item.Id).Should().Equal(source.Cases.Select(item => item.Id));
        foreach ((MedicalCase before, MedicalCase after) in source.Cases.Zip(written.Cases))
        {
            (CaseVolumes was, CaseVolumes now) = (before.Load(), after.Load());
            now.Grid.CoincidesWith(was.Grid).Should().BeTrue();
            now.Labels.ToClasses(now.Segmentation!).Should().Equal(was.Labels.ToClasses(was.Segmentation!));
            foreach (string modality in source.Modalities)
                now.Images[modality].Voxels.Should().Equal(was.Images[modality].Voxels);
        }

        new FileInfo(_folder["raw", "imagesTr", "A_0000.nii.gz"])
            .LinkTarget.Should().Match(target => (target == null) == decathlon, "a file of its own is linked");
        FluentActions.Invoking(() => NnUNetFolder.Write(source, _folder["raw"])).Should().Throw<IOException>().WithMessage("*not empty*");
    }

    [Fact]
    public void Ignored_labels_and_folds_survive_the_writing()
    {
        CtMrFolder.Write(
            _folder["source"], 2, labels: """{ "background": 0, "whole": [1, 2], "lesion": 2, "ignore": 3 }, "regions_class_order": [1, 2]""", tests: 1);
        File.WriteAllText(_folder["source", "splits_final.json"], """[{ "train": ["body_000"], "val": ["body_001"] }]""");
        MedicalDatasetOptions all = new() { RequireSegmentation = false };
        var source = MedicalDataset.Open(_folder["source"], all);
        NnUNetFolder.Write(source, _folder["raw"]);
        var written = MedicalDataset.Open(_folder["raw"], all);
        written.Labels.Should().Be(source.Labels);
        written.Cases.Select(item => (item.Id, item.SegmentationPath is null)).Should().Equal(("body_000", false), ("body_001", false), ("body_002", true));
        written.Splits.Single().Validation.Should().Equal("body_001");
    }

    [Fact]
    public void A_class_that_lies_in_no_region_is_described_all_the_same()
    {
        CtMrFolder.Write(_folder["source"], 1);
        LabelMap classes = new([("organ", 1), ("lesion", 2), ("vessel", 3)]);
        MedicalDatasetOptions options = new() { Labels = new LabelConvention(classes, [new Region("whole", 1, 2), new Region("lesion", 2)]) };

        NnUNetFolder.Write(MedicalDataset.Open(_folder["source"], options), _folder["raw"]);

        using var description = JsonDocument.Parse(File.ReadAllBytes(_folder["raw", "dataset.json"]));
        JsonElement labels = description.RootElement.GetProperty("labels");
        labels.GetProperty("vessel").GetInt32().Should().Be(3);
        description.RootElement.GetProperty("regions_class_order").EnumerateArray().Select(number => number.GetInt32()).Should().Equal(1, 2, 3);
        MedicalDataset.Open(_folder["raw"]).Labels.Map.Names.Should().HaveCount(4);
    }

    [Fact]
    public void A_folder_with_several_data_sets_is_refused_with_their_names_and_one_below_it_is_found()
    {
        CtMrFolder.Write(_folder["raw", "Dataset001_A"], 1);
        MedicalDataset.Open(_folder.Root).Cases.Should().ContainSingle();
        CtMrFolder.Write(_folder["raw", "Dataset002_B"], 1);
        FluentActions.Invoking(() => MedicalDataset.Open(_folder.Root)).Should().Throw<MedicalDatasetException>()
            .WithMessage("*2 data sets*Dataset001_A*Dataset002_B*open one*");
    }

    [Fact]
    public void A_layout_of_ones_own_is_found_and_checked_like_the_others()
    {
        TinyCases.WriteImage(_folder["anna", "scan.nii.gz"], 5);
        TinyCases.WriteLabels(_folder["anna", "outline.nii.gz"], 7, 9);
        var dataset = MedicalDataset.Open(_folder.Root, new() { Layouts = [new OwnLayout()] });
        dataset.Layout.Should().Be("hospital");
        dataset.Labels.ToText().Should().Be("7=label 7,9=label 9", "nobody said what they mean");
        dataset.Cases.Single().Group.Should().Be("site A");
        MedicalDataset.Open(_folder.Root, new() { Layouts = [new OwnLayout()], Labels = LabelConvention.Parse("7=organ,9=ignore") })
            .Labels.Map.ClassOf(9).Should().Be(LabelMap.Ignored);
    }

    private sealed class OwnLayout : IDatasetLayout
    {
        public string Name => "hospital";

        public string Expects => "folders with scan.nii.gz and outline.nii.gz";

        public DatasetFiles Find(string folder) => new()
        {
            Layout = Name,
            Modalities = ["scan"],
            Cases = [.. Directory.GetDirectories(folder).Select(patient =>
            {
                CaseFiles files = new(Path.GetFileName(patient), patient) { Group = "site A" };
                files.AddImage("scan", new ImageFile(Path.Combine(patient, "scan.nii.gz")));
                files.AddSegmentation(Path.Combine(patient, "outline.nii.gz"));
                return files;
            })],
        };
    }
}
