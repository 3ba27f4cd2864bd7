using FluentAssertions;
using KnowledgeDistillation.Experiments.Runs;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using Xunit;

namespace KnowledgeDistillation.Experiments.Tests.Runs;

public sealed class TrainingGridsTests
{
    private static readonly VolumeGrid Usual = Grid(1, 1, 1);

    [Theory]
    [InlineData(0.5, 0.5, 5)]
    [InlineData(1, 1, 3)]
    [InlineData(0.7, 1, 1)]
    [InlineData(1.3, 1.3, 1.3)]
    public void Voxels_of_another_size_are_far(double x, double y, double z) =>
        TrainingGrids.Of([Usual]).Difference(Grid(x, y, z)).Should().StartWith($"its voxels are {FormattableString.Invariant($"{x}×{y}×{z}")} mm")
            .And.Contain("images of 1×1×1 mm");

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(0.9, 1.1, 1.2)]
    [InlineData(0.94, 0.94, 1)]
    public void Voxels_of_nearly_the_same_size_are_not(double x, double y, double z) => TrainingGrids.Of([Usual]).Difference(Grid(x, y, z)).Should().BeNull();

    [Fact]
    public void Training_images_of_different_sizes_span_a_range()
    {
        TrainingGrids grids = TrainingGrids.Of([Grid(1, 1, 1), Grid(0.5, 0.5, 3)]);
        grids.Difference(Grid(0.7, 0.7, 2)).Should().BeNull();
        grids.Difference(Grid(0.7, 0.7, 5)).Should().Contain("0.5×0.5×1 to 1×1×3 mm");
    }

    [Theory]
    [InlineData("LPS")]
    [InlineData("PIR")]
    [InlineData("SAL")]
    public void Another_order_of_the_axes_is_no_difference_because_images_are_reoriented(string codes)
    {
        TrainingGrids grids = TrainingGrids.Of([Grid(1, 1, 3)]);
        Volume<byte> volume = new(Grid(1, 1, 3), new byte[24]);
        grids.Difference(volume.ReorientTo(Orientation.Parse(codes)).Grid).Should().BeNull();
        grids.Orientations.Should().Be("RAS");
    }

    [Theory]
    [InlineData(10, false)]
    [InlineData(20, true)]
    [InlineData(40, true)]
    public void An_image_that_leans_away_from_the_body_is_far(double degrees, bool isFar)
    {
        double angle = degrees * Math.PI / 180;
        (double cosine, double sine) = (Math.Cos(angle), Math.Sin(angle));
        VolumeGrid leaning = new(new VolumeSize(4, 3, 2), new Affine(cosine, -sine, 0, 0, sine, cosine, 0, 0, 0, 0, 1, 0));
        string? difference = TrainingGrids.Of([Usual]).Difference(leaning);
        (difference is not null).Should().Be(isFar);
        if (isFar)
            difference.Should().Contain($"lean {degrees}°");
        TrainingGrids.Of([leaning]).Difference(leaning).Should().BeNull();
    }

    [Fact]
    public void A_checkpoint_keeps_them()
    {
        TrainingGrids grids = TrainingGrids.Of([Grid(1, 1, 1), Grid(0.5, 0.25, 3)]);
        TrainingGrids.Read(grids.Write()).Should().Be(grids);
        TrainingGrids.Read(new Dictionary<string, string>()).Should().BeNull("older checkpoints keep none");
        FluentActions.Invoking(() => TrainingGrids.Read(new Dictionary<string, string> { ["data.spacing"] = "1,2,x" }))
            .Should().Throw<InvalidDataException>().WithMessage("*data.spacing*1,2,x*");
    }

    private static VolumeGrid Grid(double x, double y, double z) => new(new VolumeSize(4, 3, 2), Affine.Scaling(x, y, z));
}
