using FluentAssertions;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class PostProcessorTests
{
    private const byte Edema = BraTSLabelConvention.EdemaClass;

    // Voxels of 2 mm³.
    private static readonly VolumeGrid Row = new(new VolumeSize(8, 1, 1), Affine.Scaling(1, 2, 1));

    [Fact]
    public void By_default_nothing_is_changed()
    {
        byte[] classes = [1, 0, 2, 0, 3, 0, 0, 1];

        new PostProcessor(new PostProcessingOptions(), BraTSLabelConvention.BraTS2018).Apply(classes, Row).Should().BeEmpty();

        classes.Should().Equal(1, 0, 2, 0, 3, 0, 0, 1);
    }

    [Fact]
    public void Only_the_largest_part_stays_whatever_its_classes()
    {
        byte[] classes = [3, 3, 0, 1, 2, 3, 0, 2];

        IReadOnlyList<RemovedVoxels> removed =
            new PostProcessor(new PostProcessingOptions { LargestComponent = true }, BraTSLabelConvention.BraTS2018).Apply(classes, Row);

        classes.Should().Equal(0, 0, 0, 1, 2, 3, 0, 0);
        removed.Should().ContainSingle().Which.Should().Be(new RemovedVoxels("all but the largest part", 3, 6, "background"));
    }

    [Theory]
    [InlineData(1, "1 0 3 3 0 2 0 0")]
    [InlineData(4, "1 0 3 3 0 2 0 0")]
    [InlineData(4.1, "1 0 1 1 0 2 0 0", "ET (2 voxels, 4 mm³) became necrosis")]
    public void An_enhancing_tumor_that_is_too_small_becomes_necrosis_so_that_core_and_whole_tumor_stay(
        double least, string expected, params string[] removed)
    {
        byte[] classes = [1, 0, 3, 3, 0, 2, 0, 0];
        PostProcessor processor = new(
            new PostProcessingOptions { MinimumVolumes = [new MinimumVolume("et", least)] }, BraTSLabelConvention.BraTS2018);

        processor.Apply(classes, Row).Select(item => item.ToString()).Should().Equal(removed);
        string.Join(' ', classes).Should().Be(expected);
    }

    [Fact]
    public void What_a_region_becomes_is_what_is_left_of_the_region_around_it_or_what_is_said()
    {
        Apply([new MinimumVolume("TC", 100)], [1, 3, 2, 0, 0, 0, 0, 0]).Should().Equal(Edema, Edema, 2, 0, 0, 0, 0, 0);
        Apply([new MinimumVolume("WT", 100)], [1, 3, 2, 0, 0, 0, 0, 0]).Should().AllBeEquivalentTo((byte)0);
        Apply([new MinimumVolume("ET", 100, "edema")], [1, 3, 2, 0, 0, 0, 0, 0]).Should().Equal(1, Edema, 2, 0, 0, 0, 0, 0);
        Apply([new MinimumVolume("ET", 100, "background")], [1, 3, 2, 0, 0, 0, 0, 0]).Should().Equal(1, 0, 2, 0, 0, 0, 0, 0);
    }

    [Fact]
    public void Inner_regions_are_looked_at_first_whatever_the_order_in_which_they_were_given()
    {
        // ET becomes necrosis, which then is a core that is too small, too.
        byte[] expected = [Edema, Edema, 2, 0, 0, 0, 0, 0];
        Apply([new MinimumVolume("TC", 100), new MinimumVolume("ET", 100)], [1, 3, 2, 0, 0, 0, 0, 0]).Should().Equal(expected);
        Apply([new MinimumVolume("ET", 100), new MinimumVolume("TC", 100)], [1, 3, 2, 0, 0, 0, 0, 0]).Should().Equal(expected);
    }

    [Fact]
    public void Labels_of_any_data_set_work()
    {
        byte[] classes = [1, 2, 1, 0, 0, 0, 0, 0];
        new PostProcessor(
            new PostProcessingOptions { MinimumVolumes = [new MinimumVolume("lesion", 100)] }, LabelConvention.Parse("1=organ,2=lesion")).Apply(classes, Row);

        classes.Should().Equal([1, 0, 1, 0, 0, 0, 0, 0], "no region holds the lesion, so that it becomes background");
    }

    [Theory]
    [InlineData("XY", 1, null, "XY")]
    [InlineData("ET", 0, null, "above 0")]
    [InlineData("ET", double.NaN, null, "above 0")]
    [InlineData("ET", 1, "liver", "liver")]
    [InlineData("ET", 1, "enhancing", "part of it")]
    public void What_makes_no_sense_is_refused(string region, double least, string? replacement, string reason)
    {
        FluentActions.Invoking(() => Apply([new MinimumVolume(region, least, replacement)], [0, 0, 0, 0, 0, 0, 0, 0]))
            .Should().Throw<ArgumentException>().WithMessage($"*{reason}*");
    }

    [Fact]
    public void A_region_has_one_least_volume() =>
        FluentActions.Invoking(() => Apply([new MinimumVolume("ET", 1), new MinimumVolume("et", 2)], [0, 0, 0, 0, 0, 0, 0, 0]))
            .Should().Throw<ArgumentException>().WithMessage("*twice*");

    [Fact]
    public void Volumes_are_measured_in_the_world_also_where_axes_are_oblique()
    {
        // Shear keeps volumes, though it lengthens an axis.
        VolumeGrid sheared = new(new VolumeSize(2, 2, 2), new Affine(1, 3, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0));

        IReadOnlyList<RegionVolume> volumes = RegionVolume.Measure([3, 1, 0, 0, 0, 0, 0, 2], sheared, BraTSRegions.All);

        volumes.Should().Equal(new RegionVolume("ET", 1, 2), new RegionVolume("TC", 2, 4), new RegionVolume("WT", 3, 6));
    }

    private static byte[] Apply(IReadOnlyList<MinimumVolume> volumes, byte[] classes)
    {
        new PostProcessor(new PostProcessingOptions { MinimumVolumes = volumes }, BraTSLabelConvention.BraTS2018).Apply(classes, Row);
        return classes;
    }
}
