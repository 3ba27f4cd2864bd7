using FluentAssertions;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Experiments.Systems;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Preprocessing;
using Xunit;

namespace KnowledgeDistillation.Experiments.Tests.Runs;

public sealed class RunMetadataTests
{
    [Fact]
    public void A_checkpoint_keeps_the_labels_of_the_data_it_learned_from()
    {
        foreach (LabelConvention labels in (LabelConvention[])[
            BraTSLabelConvention.BraTS2018, BraTSLabelConvention.BraTS2024, BraTSLabelConvention.MedicalSegmentationDecathlon, BraTSLabelConvention.Pediatric])
            RunMetadata.LabelsOf(Facts(new(), labels)).Should().Be(labels);
    }

    [Fact]
    public void Words_of_BraTS_in_another_data_set_keep_their_numbers()
    {
        foreach (LabelConvention labels in (LabelConvention[])[
            LabelConvention.Parse("1=liver,2=necrosis"),
            new(new LabelMap(("edema", 1), ("necrosis", 2), ("enhancing", 3))),
            new(new LabelMap(("necrosis", 1))),
            new(new LabelMap(("necrosis", 1), ("edema", 2)), [new Region("all", [1, 2])])])
        {
            LabelConvention read = RunMetadata.LabelsOf(Facts(new(), labels));
            read.Map.Should().Be(labels.Map);
            read.Map.Names.Should().Equal(labels.Map.Names);
            read.Regions.Should().BeEquivalentTo(labels.Regions, options => options.WithStrictOrdering());
        }
    }

    [Fact]
    public void An_older_checkpoint_without_labels_has_those_of_2018_and_can_go_on()
    {
        Dictionary<string, string> older = Facts(new(), BraTSLabelConvention.BraTS2018);
        older.Remove("labels");
        RunMetadata.LabelsOf(older).Should().Be(BraTSLabelConvention.BraTS2018);
        RunMetadata.Differences(older, Facts(new(), BraTSLabelConvention.BraTS2018)).Should().BeEmpty();
    }

    [Fact]
    public void A_run_with_other_labels_or_another_background_is_another_run()
    {
        Dictionary<string, string> before = Facts(new() { Background = "-1" }, BraTSLabelConvention.BraTS2018);
        RunMetadata.Differences(before, Facts(new() { Background = "-1" }, BraTSLabelConvention.BraTS2023)).Should().Equal(
            "labels was 1=necrosis,2=edema,4=enhancing and is now 1=necrosis,2=edema,3=enhancing");
        RunMetadata.Differences(before, Facts(new(), BraTSLabelConvention.BraTS2018)).Should().Equal("preprocessing.background was -1 and is now not set");
        RunMetadata.Differences(before, Facts(new() { Background = "border" }, BraTSLabelConvention.BraTS2018)).Should().ContainSingle();
    }

    public static TheoryData<string, string> WrittenWhereSet => new()
    {
        { nameof(ExperimentSettings.PatchEdge), "patch.size was 8,8,8 and is now not set" },
        { nameof(ExperimentSettings.Augment), "augmentation was noise and is now not set" },
        { nameof(ExperimentSettings.ReferenceLoss), "reference loss was as published and is now not set" },
        { nameof(ExperimentSettings.RegionTraining), "what channels are was regions and is now not set" },
        { nameof(ExperimentSettings.DeepSupervision), "supervision was deep and is now not set" },
    };

    [Theory]
    [MemberData(nameof(WrittenWhereSet))]
    public void A_run_does_not_go_on_without_what_it_began_with(string setting, string difference)
    {
        ExperimentSettings with = setting switch
        {
            nameof(ExperimentSettings.PatchEdge) => new() { PatchEdge = 8 },
            nameof(ExperimentSettings.Augment) => new() { Augment = "noise" },
            nameof(ExperimentSettings.ReferenceLoss) => new() { ReferenceLoss = ReferenceChoice.Paper },
            nameof(ExperimentSettings.DeepSupervision) => new() { DeepSupervision = true },
            _ => new() { RegionTraining = true },
        };
        Dictionary<string, string> before = Facts(with, BraTSLabelConvention.BraTS2018);

        RunMetadata.Differences(before, Facts(new(), BraTSLabelConvention.BraTS2018)).Should().Contain(difference);
        RunMetadata.Differences(before, Facts(with, BraTSLabelConvention.BraTS2018)).Should().BeEmpty();
    }

    [Fact]
    public void Labels_that_make_no_sense_are_named() =>
        FluentActions.Invoking(() => RunMetadata.LabelsOf(new Dictionary<string, string> { ["labels"] = "tumor" }))
            .Should().Throw<InvalidDataException>().WithMessage("*labels makes no sense*tumor*");

    private static Dictionary<string, string> Facts(ExperimentSettings settings, LabelConvention labels)
    {
        MedicalCase item = new("P1", new Dictionary<string, ImageFile> { ["t1"] = new("t1.nii") }, labels);
        return new(RunMetadata.Write(SegmentationSystems.Teacher, settings, new CaseSplit([item], [], []), []));
    }
}
