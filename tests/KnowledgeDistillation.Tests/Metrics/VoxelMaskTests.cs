using FluentAssertions;
using KnowledgeDistillation.Metrics;
using Xunit;

namespace KnowledgeDistillation.Tests.Metrics;

public class VoxelMaskTests
{
    [Theory]
    [InlineData(new[] { 1, 4 }, "0 1 0 1 0 0")]
    [InlineData(new[] { -1 }, "0 0 0 0 1 0")]
    [InlineData(new[] { 0, int.MaxValue }, "1 0 0 0 0 1")]
    [InlineData(new[] { int.MinValue, 2 }, "0 0 1 0 0 0")]
    [InlineData(new int[0], "0 0 0 0 0 0")]
    public void A_region_holds_the_voxels_with_its_labels(int[] labels, string expected)
    {
        VoxelMask mask = VoxelMask.FromLabels([0, 1, 2, 4, -1, int.MaxValue], new(6, 1, 1), Spacing.OneMillimeter, labels);
        Members(mask).Should().Be(expected);
        mask.Count.Should().Be(expected.Count(c => c == '1'));
        mask.IsEmpty.Should().Be(!expected.Contains('1'));
    }

    [Theory]
    [InlineData(new[] { 1, 4 }, "0 1 0 1 0")]
    [InlineData(new[] { 255, 256, -1 }, "0 0 0 0 1")]
    [InlineData(new[] { int.MinValue, 0, int.MaxValue }, "1 0 0 0 0")]
    public void Labels_may_be_bytes(int[] labels, string expected) =>
        Members(VoxelMask.FromLabels<byte>([0, 1, 2, 4, 255], new(5, 1, 1), Spacing.OneMillimeter, labels)).Should().Be(expected);

    [Theory]
    [InlineData(new[] { 1, -1 }, "0 1 0 0 0 1")]
    [InlineData(new[] { int.MaxValue, int.MinValue }, "0 0 0 1 0 0")]
    [InlineData(new[] { int.MaxValue, 1 }, "0 1 0 1 0 0")]
    public void Labels_beyond_32_bits_belong_to_no_region(int[] labels, string expected) =>
        Members(VoxelMask.FromLabels<long>([1L << 32, 1, (1L << 32) + 1, int.MaxValue, long.MaxValue, -1], new(6, 1, 1), Spacing.OneMillimeter, labels))
            .Should().Be(expected);

    [Fact]
    public void The_first_index_is_the_fastest_in_memory()
    {
        bool[] voxels = new bool[2 * 3 * 4];
        voxels[1 + (2 * (2 + (3 * 3)))] = true;
        new VoxelMask(voxels, new(2, 3, 4), Spacing.OneMillimeter)[1, 2, 3].Should().BeTrue();
    }

    [Fact]
    public void The_caller_may_change_the_array_afterwards()
    {
        bool[] voxels = [true];
        var mask = new VoxelMask(voxels, new(1, 1, 1), Spacing.OneMillimeter);
        voxels[0] = false;
        mask[0, 0, 0].Should().BeTrue();
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(3, true)]
    public void A_region_below_the_least_size_is_dropped(int least, bool dropped)
    {
        var mask = new VoxelMask([true, true, false], new(3, 1, 1), Spacing.OneMillimeter);
        mask.DropIfSmallerThan(least).IsEmpty.Should().Be(dropped);
        mask.Count.Should().Be(2);
    }

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(-2, -1, 4)]
    [InlineData(3, 3, 1)]
    [InlineData(65536, 65536, 1)]
    [InlineData(int.MaxValue, int.MaxValue, int.MaxValue)]
    public void Sizes_that_do_not_fit_the_values_are_refused(int sizeX, int sizeY, int sizeZ) =>
        FluentActions.Invoking(() => VoxelMask.FromLabels(new int[8], new(sizeX, sizeY, sizeZ), Spacing.OneMillimeter, 1)).Should().Throw<ArgumentException>();

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(1e-7)]
    public void A_spacing_that_is_no_length_is_refused(double millimeters) =>
        FluentActions.Invoking(() => new VoxelMask([true], new(1, 1, 1), new Spacing(1, millimeters, 1))).Should().Throw<ArgumentException>()
            .WithMessage("*voxel size*");

    [Fact]
    public void A_voxel_outside_the_grid_is_refused() =>
        FluentActions.Invoking(() => new VoxelMask([true, true], new(2, 1, 1), Spacing.OneMillimeter)[0, 1, 0]).Should().Throw<ArgumentOutOfRangeException>();

    private static string Members(VoxelMask mask) => string.Join(' ', Enumerable.Range(0, mask.Size.X).Select(x => mask[x, 0, 0] ? 1 : 0));
}
