using CsCheck;
using FluentAssertions;
using KnowledgeDistillation.Metrics;
using Xunit;

namespace KnowledgeDistillation.Tests.Metrics;

public class EuclideanDistanceTransformTests
{
    [Fact]
    public void Distances_are_those_to_the_nearest_of_all_voxels_of_the_mask() =>
        MaskGenerator.Mask.Sample(ShouldEqualBruteForce, iter: 500);

    [Fact]
    public void A_volume_large_enough_for_several_threads_gives_the_same_distances()
    {
        var random = new Random(7);
        bool[] voxels = new bool[41 * 37 * 33];
        for (int i = 0; i < 25; i++)
            voxels[random.Next(voxels.Length)] = true;
        ShouldEqualBruteForce(new VoxelMask(voxels, new(41, 37, 33), new Spacing(0.9375, 1.2, 3)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(50)]
    public void Distances_are_right_whether_the_seeds_lie_close_or_far_apart(int percent)
    {
        var random = new Random(percent);
        bool[] voxels = new bool[35 * 21 * 18];
        for (int i = 0; i < voxels.Length; i++)
            voxels[i] = random.Next(100) < percent;
        ShouldEqualBruteForce(new VoxelMask(voxels, new(35, 21, 18), new Spacing(0.9375, 1.2, 0.8)));
    }

    [Fact]
    public void Repeated_runs_give_the_same_bits()
    {
        var random = new Random(3);
        bool[] voxels = new bool[48 * 48 * 48];
        for (int i = 0; i < voxels.Length; i++)
            voxels[i] = random.Next(50) == 0;
        var mask = new VoxelMask(voxels, new(48, 48, 48), new Spacing(0.7, 1.3, 2.5));
        double[] first = EuclideanDistanceTransform.Compute(mask);
        for (int i = 0; i < 5; i++)
            EuclideanDistanceTransform.Compute(mask).AsSpan().SequenceEqual(first).Should().BeTrue();
    }

    [Fact]
    public void Voxels_on_a_line_lie_whole_steps_from_the_seed() =>
        EuclideanDistanceTransform.Compute(new VoxelMask([false, false, true, false], new(1, 4, 1), new Spacing(9, 0.5, 9)))
            .Should().Equal(1, 0.5, 0, 0.5);

    [Fact]
    public void An_empty_mask_is_infinitely_far_away() =>
        EuclideanDistanceTransform.Compute(new VoxelMask(new bool[24], new(2, 3, 4), Spacing.OneMillimeter))
            .Should().HaveCount(24).And.OnlyContain(distance => double.IsPositiveInfinity(distance));

    private static void ShouldEqualBruteForce(VoxelMask mask)
    {
        double[] distances = EuclideanDistanceTransform.Compute(mask);
        var seeds = BruteForce.Voxels(mask, (x, y, z) => mask[x, y, z]);
        foreach ((int x, int y, int z) in BruteForce.Voxels(mask, (_, _, _) => true))
        {
            double expected = BruteForce.Distance((x, y, z), seeds, mask.Spacing);
            double actual = distances[x + (mask.Size.X * (y + (mask.Size.Y * z)))];
            bool equal = double.IsInfinity(expected) ? actual == expected : Math.Abs(actual - expected) <= 1e-12 * (1 + expected);
            if (!equal)
                Assert.Fail($"The distance of voxel ({x}, {y}, {z}) should be {expected:R} mm but is {actual:R} mm.");
        }
    }
}
