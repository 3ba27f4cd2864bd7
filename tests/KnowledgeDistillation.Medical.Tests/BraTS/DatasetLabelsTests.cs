using FluentAssertions;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

/// <summary>What labels mean belongs to a data set and not to a case.</summary>
public sealed class DatasetLabelsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Cavity_of_2024_is_never_taken_for_enhancing_tumor_even_where_a_case_has_no_3()
    {
        Write2023("BraTS-GLI-01000-100", 1, 2, 3);
        Write2023("BraTS-GLI-01001-100", 1, 2, 3, 4);
        Write2023("BraTS-GLI-01002-101", 2, 4);

        MedicalDataset dataset = MedicalDataset.Open(_folder.Root);

        dataset.Labels.Should().Be(BraTSLabelConvention.BraTS2024);
        dataset.Warnings.Should().ContainSingle().Which.Should().Contain("4=ignore").And.Contain("2 case(s) hold 4");
        PreprocessedCase last = Prepare(dataset.Cases[2]);
        last.Classes![..3].Should().Equal(2, LabelMap.Ignored, 0);
        last.Foreground!.Should().Be(new ForegroundVoxels([0, 1, 0], 1), "a cavity is no tumor");
        Prepare(dataset.Cases[1]).Classes![..4].Should().Equal(1, 2, 3, LabelMap.Ignored);
        last.Labels.LabelOf(BraTSLabelConvention.EnhancingClass).Should().Be(3);
    }

    [Fact]
    public void Cavity_without_any_enhancing_tumor_in_the_data_set_may_be_either_and_is_refused_until_it_is_said()
    {
        Write2023("BraTS-GLI-01000-100", 1, 2, 4);
        Action open = () => MedicalDataset.Open(_folder.Root);
        open.Should().Throw<MedicalDatasetException>().WithMessage("*BraTS-GLI-01000-100*label 4*resection cavity*(set Labels)*");
        MedicalDatasetOptions of2021 = new() { Labels = BraTSLabelConvention.BraTS2018 }, of2024 = new() { Labels = BraTSLabelConvention.BraTS2024 };
        Prepare(MedicalDataset.Open(_folder.Root, of2021).Cases[0]).Classes![..3].Should().Equal(1, 2, 3);
        Prepare(MedicalDataset.Open(_folder.Root, of2024).Cases[0]).Classes![..3].Should().Equal(1, 2, LabelMap.Ignored);
    }

    [Fact]
    public void Tumors_of_children_have_their_own_labels()
    {
        Write2023("BraTS-PED-00001-000", 1, 2, 3, 4);
        Write2023("BraTS-PED-00002-000", 1, 2);

        MedicalDataset dataset = MedicalDataset.Open(_folder.Root);

        dataset.Labels.Should().Be(BraTSLabelConvention.Pediatric);
        Prepare(dataset.Cases[0]).Classes![..4].Should().Equal([3, 1, 1, 2], "enhancing, non-enhancing, cyst (of the core), edema");
        Prepare(dataset.Cases[1]).Classes![..2].Should().Equal(3, 1);
    }

    [Fact]
    public void Tumors_of_children_without_a_4_are_refused_because_their_labels_changed()
    {
        Write2023("BraTS-PED-00001-000", 1, 2, 3);
        FluentActions.Invoking(() => MedicalDataset.Open(_folder.Root)).Should().Throw<MedicalDatasetException>()
            .WithMessage("*BraTS-PED-00001-000*1=necrosis,2=edema,3=enhancing in 2023*1=enhancing*(set Labels)*");
        MedicalDataset.Open(_folder.Root, new() { Labels = BraTSLabelConvention.BraTS2023 }).Cases.Should().ContainSingle();
    }

    [Theory]
    [InlineData("BraTS-SSA-00002-000")]
    [InlineData("BraTS-MEN-00004-000")]
    [InlineData("BraTS-MET-00086-000")]
    public void Other_sets_since_2023_have_3_for_enhancing_tumor(string id)
    {
        Write2023(id, 1, 2, 3);
        MedicalDataset.Open(_folder.Root).Labels.Should().Be(BraTSLabelConvention.BraTS2023);
    }

    [Fact]
    public void Two_conventions_in_one_set_are_a_fault_of_the_fewer_cases_by_name()
    {
        foreach (string id in (string[])["A", "B", "C"])
            TinyCases.Write2018(_folder.Root, id);
        TinyCases.Write2018(_folder.Root, "D", labels: [1, 2, 3]);
        TinyCases.Write2018(_folder.Root, "E", labels: [1, 2]);

        Action open = () => MedicalDataset.Open(_folder.Root);
        MedicalDataset skipped = MedicalDataset.Open(_folder.Root, new() { FaultyCases = FaultyCaseHandling.Skip });

        open.Should().Throw<MedicalDatasetException>().Which.Faults.Should().ContainSingle().Which.ToString()
            .Should().StartWith(
                "D: its labels (1, 2, 3) follow 1=necrosis,2=edema,3=enhancing, but 3 of the 4 cases that tell follow 1=necrosis,2=edema,4=enhancing");
        skipped.Cases.Select(item => item.Id).Should().Equal("A", "B", "C", "E");
        skipped.Labels.Should().Be(BraTSLabelConvention.BraTS2018);
    }

    [Fact]
    public void As_many_cases_of_either_convention_are_decided_by_the_names_of_files()
    {
        TinyCases.Write2018(_folder.Root, "A", labels: [1, 2, 3]);
        TinyCases.Write2018(_folder.Root, "B");
        MedicalDataset skipped = MedicalDataset.Open(_folder.Root, new() { FaultyCases = FaultyCaseHandling.Skip });
        skipped.Labels.Should().Be(BraTSLabelConvention.BraTS2018);
        skipped.Faults.Should().ContainSingle().Which.CaseId.Should().Be("A");
    }

    [Fact]
    public void Decathlon_beside_a_challenge_is_two_data_sets()
    {
        foreach (string id in (string[])["A", "B"])
            TinyCases.Write2018(_folder["challenge"], id);
        foreach (string sub in (string[])["imagesTr", "labelsTr"])
            Directory.CreateDirectory(_folder["Task01", sub]);
        Nifti.NiftiImage.FromVolumes([.. Enumerable.Range(1, 4).Select(value => TinyCases.Image(value))])
            .Save(_folder["Task01", "imagesTr", "BRATS_001.nii.gz"]);
        TinyCases.WriteLabels(_folder["Task01", "labelsTr", "BRATS_001.nii.gz"], 1, 2, 3);
        FluentActions.Invoking(() => MedicalDataset.Open(_folder.Root)).Should().Throw<MedicalDatasetException>()
            .WithMessage("*BraTS with 2 case(s), Decathlon with 1 case(s)*open one of them*");
        MedicalDataset.Open(_folder["Task01"]).Labels.Should().Be(BraTSLabelConvention.MedicalSegmentationDecathlon);
    }

    [Fact]
    public void A_case_without_enhancing_tumor_follows_the_others_of_its_set()
    {
        TinyCases.Write2018(_folder.Root, "A", labels: [1, 2, 3]);
        TinyCases.Write2018(_folder.Root, "B", labels: [1, 2]);
        MedicalDataset.Open(_folder.Root).Cases.Select(item => item.LabelsFor(new HashSet<int>()).LabelOf(BraTSLabelConvention.EnhancingClass))
            .Should().Equal(3, 3);
    }

    [Fact]
    public void What_is_said_of_the_labels_counts_for_every_case_and_what_it_leaves_out_is_unknown()
    {
        TinyCases.Write2018(_folder.Root, "A", labels: [1, 2, 3, 4]);
        MedicalDataset dataset = MedicalDataset.Open(_folder.Root, new() { Labels = BraTSLabelConvention.Parse("1=necrosis,3=necrosis,2=edema,4=enhancing") });
        Prepare(dataset.Cases[0]).Classes![..4].Should().Equal(1, 2, 1, 3);
        dataset.Warnings.Should().BeEmpty("it was said");

        Action other = () => MedicalDataset.Open(_folder.Root, new() { Labels = BraTSLabelConvention.BraTS2018 });
        other.Should().Throw<MedicalDatasetException>().WithMessage("*A: The segmentation holds unknown labels (3)*");
    }

    [Fact]
    public void The_same_relabeled_case_has_the_same_classes_under_each_convention()
    {
        (string Name, LabelConvention Labels, int[] OnDisk)[] sets =
        [
            ("of2018", BraTSLabelConvention.BraTS2018, [1, 2, 4]),
            ("of2023", BraTSLabelConvention.BraTS2023, [1, 2, 3]),
            ("of2024", BraTSLabelConvention.BraTS2024, [1, 2, 3, 4]),
            ("decathlon", BraTSLabelConvention.MedicalSegmentationDecathlon, [2, 1, 3]),
            ("children", BraTSLabelConvention.Pediatric, [2, 4, 1]),
        ];
        foreach ((string name, LabelConvention labels, int[] onDisk) in sets)
        {
            TinyCases.Write2018(_folder[name], "X", labels: onDisk);
            PreprocessedCase prepared = Prepare(MedicalDataset.Open(_folder[name], new() { Labels = labels }).Cases.Single());
            prepared.Classes![..4].Should().Equal(new byte[] { 1, 2, 3, (byte)(name == "of2024" ? LabelMap.Ignored : 0) }, name);
            prepared.Labels.ToLabels(TinyCases.Grid, new byte[TinyCases.Grid.VoxelCount].Select((_, i) => (byte)(i < 3 ? i + 1 : 0)).ToArray()).Voxels[..3]
                .Should().Equal(onDisk[..3], name);
        }
    }

    [Fact]
    public void Ignored_and_folded_labels_survive_the_cache()
    {
        TinyCases.Write2018(_folder["data"], "X", labels: [1, 2, 3, 4]);
        MedicalCase item = MedicalDataset.Open(_folder["data"], new() { Labels = BraTSLabelConvention.BraTS2024 }).Cases.Single();
        PreprocessingCache cache = new(_folder["cache"], Options);
        cache.Prepare(item);
        PreprocessedCase cached = cache.Prepare(item).Load();
        cached.Labels.Should().Be(BraTSLabelConvention.BraTS2024.Map);
        cached.Labels.ToClasses(TinyCases.Labels(1, 2, 3, 4))[..5].Should().Equal(1, 2, 3, LabelMap.Ignored, 0);
    }

    [Theory]
    [InlineData("1=necrosis,2=edema,4=enhancing")]
    [InlineData("1=necrosis,2=edema,3=enhancing,4=ignore")]
    [InlineData("1=enhancing,2=necrosis,4=edema,3=necrosis")]
    [InlineData("1=edema,2=necrosis,3=enhancing")]
    public void A_convention_is_read_as_it_is_written(string text)
    {
        var labels = BraTSLabelConvention.Parse(text);
        labels.ToText().Should().Be(text);
        BraTSLabelConvention.Parse(labels.ToText()).Should().Be(labels);
        labels.Map.Names.Should().HaveCount(4);
    }

    [Theory]
    [InlineData("", "'' is not a label and its name")]
    [InlineData("1=necrosis,2=edema", "no label is given for enhancing")]
    [InlineData("1=necrosis,2=edema,3=enhancing,3=ignore", "label 3 is given twice")]
    [InlineData("0=ignore,1=necrosis,2=edema,3=enhancing", "0 is always background")]
    [InlineData("1=necrosis,2=edema,3=cavity", "there is no tissue 'cavity'")]
    [InlineData("1:necrosis", "'1:necrosis' is not a label and its name")]
    [InlineData("-1=necrosis,2=edema,3=enhancing", "'-1=necrosis' is not a label and its name")]
    public void A_text_that_is_no_convention_is_refused_with_the_reason(string text, string reason) =>
        FluentActions.Invoking(() => BraTSLabelConvention.Parse(text)).Should().Throw<FormatException>()
            .WithMessage($"*{reason}*1=necrosis,2=edema,3=enhancing*");

    [Theory]
    [InlineData(0, 1)]
    [InlineData(3, 1)]
    [InlineData(7, 4)]
    [InlineData(7, -1)]
    public void A_further_label_needs_a_number_of_its_own_and_a_class(int label, int classNumber)
    {
        Action make = () => _ = new LabelMap([("a", 1), ("b", 2), ("c", 3)], new Dictionary<int, int> { [label] = classNumber });
        make.Should().Throw<ArgumentException>().WithMessage($"*label {label} is to be {classNumber}*");
    }

    [Fact]
    public void Regions_to_be_learned_are_nested_and_each_names_the_class_that_is_left_in_it()
    {
        OverlappingRegions tumor = BraTSLabelConvention.BraTS2018.ToOverlappingRegions();
        OverlappingRegions organs = new LabelConvention(
            LabelConvention.Parse("1=liver,2=tumor,3=spleen").Map, [new Region("tumor", 2), new Region("liver with tumor", 1, 2)]).ToOverlappingRegions();

        tumor.ChannelNames.Should().Equal("WT", "TC", "ET");
        tumor.InnermostClasses.Should().Equal(2, 1, 3);
        organs.ChannelNames.Should().Equal("liver with tumor", "tumor", "spleen");
        organs.InnermostClasses.Should().Equal(1, 2, 3);
    }

    private static PreprocessingOptions Options => new() { CropSize = new VolumeSize(4, 3, 2), SubsamplingFactor = 1 };

    // The labels lie in the files' orientation; classes come back to it.
    private static PreprocessedCase Prepare(MedicalCase item)
    {
        PreprocessedCase prepared = new Preprocessor(Options).Process(item);
        return new PreprocessedCase(
            prepared.Id, prepared.Images, prepared.Geometry.PasteBack<byte>(prepared.Classes), prepared.Geometry, prepared.Labels, prepared.Foreground);
    }

    private void Write2023(string id, params int[] labels)
    {
        foreach (string name in (string[])["t1n", "t1c", "t2w", "t2f"])
            TinyCases.WriteImage(_folder[id, $"{id}-{name}.nii.gz"], 1);
        TinyCases.WriteLabels(_folder[id, $"{id}-seg.nii.gz"], labels);
    }
}
