using FluentAssertions;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class LabelMapTests
{
    private static readonly LabelMap Organs = new(("liver", 7), ("spleen", -3), ("kidney", 40_000));

    [Fact]
    public void Any_numbers_become_classes_and_come_back()
    {
        Volume<int> labels = new(new VolumeGrid(new VolumeSize(5, 1, 1), Affine.Identity), [0, 40_000, 7, -3, 7]);
        byte[] classes = Organs.ToClasses(labels);
        classes.Should().Equal(0, 3, 1, 2, 1);
        Organs.ToLabels(labels.Grid, classes).Voxels.Should().Equal(labels.Voxels);
        Organs.Names.Should().Equal("background", "liver", "spleen", "kidney");
    }

    [Fact]
    public void Labels_and_classes_that_are_not_in_the_map_are_named()
    {
        VolumeGrid grid = new(new VolumeSize(4, 1, 1), Affine.Identity);
        FluentActions.Invoking(() => Organs.ToClasses(new Volume<int>(grid, [9, 8, 9, 0]))).Should().Throw<InvalidDataException>()
            .WithMessage("*unknown labels (8, 9); expected 0, 7 (liver), -3 (spleen) and 40000 (kidney).");
        FluentActions.Invoking(() => Organs.ToLabels(grid, [0, 0, 4, 0])).Should().Throw<ArgumentException>()
            .WithMessage("Class 4 at voxel 2 is none of 0 (background), 1 (liver), 2 (spleen) and 3 (kidney).*");
        FluentActions.Invoking(() => Organs.LabelOf(4)).Should().Throw<ArgumentOutOfRangeException>();
    }

    [Fact]
    public void Maps_are_equal_if_their_numbers_are()
    {
        LabelMap same = new(("hepar", 7), ("lien", -3), ("ren", 40_000));
        same.Should().Be(Organs);
        same.GetHashCode().Should().Be(Organs.GetHashCode());
        Organs.Should().NotBe(new LabelMap(("spleen", -3), ("liver", 7), ("kidney", 40_000)));
    }

    [Fact]
    public void Classes_need_names_and_numbers_of_their_own()
    {
        FluentActions.Invoking(() => new LabelMap(("liver", 0))).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new LabelMap(("liver", 1), ("spleen", 1))).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new LabelMap(("liver", 1), ("liver", 2))).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new LabelMap()).Should().Throw<ArgumentException>();
        new LabelMap(Enumerable.Range(1, 254).Select(number => ($"class {number}", number))).Names.Should().HaveCount(255);
        FluentActions.Invoking(() => new LabelMap(Enumerable.Range(1, 255).Select(number => ($"class {number}", number)))).Should().Throw<ArgumentException>();
    }
}
