using CsCheck;
using FluentAssertions;
using KnowledgeDistillation.Metrics;
using Xunit;

namespace KnowledgeDistillation.Tests.Metrics;

public class ConfusionCountsTests
{
    [Theory]
    [InlineData(6, 3, 2)]
    [InlineData(2, 4, 0.5)]
    [InlineData(0, 4, 0)]
    [InlineData(0, 0, 1)]
    [InlineData(5, 0, double.PositiveInfinity)]
    public void The_volume_ratio_tells_too_much_from_too_little(int predicted, int expected, double ratio)
    {
        var size = new VolumeSize(10, 1, 1);
        VoxelMask First(int count) => new([.. Enumerable.Range(0, 10).Select(i => i < count)], size, new Spacing(1, 1, 1));
        RegionScores.Compare("WT", First(predicted), First(expected)).VolumeRatio.Should().Be(ratio);
    }

    [Fact]
    public void Scores_follow_their_textbook_formulas()
    {
        var counts = new ConfusionCounts(TruePositives: 6, FalsePositives: 2, FalseNegatives: 4, TrueNegatives: 88);
        counts.Dice().Should().BeApproximately(12 / 18.0, 1e-15);
        counts.Sensitivity().Should().Be(0.6);
        counts.Precision().Should().Be(0.75);
        counts.Specificity().Should().BeApproximately(88 / 90.0, 1e-15);
        (counts.PredictionVoxels, counts.ReferenceVoxels).Should().Be((8L, 10L));
    }

    [Fact]
    public void Counts_are_those_of_looking_at_every_voxel() => MaskGenerator.Pair.Sample(pair =>
    {
        int Voxels(bool predicted, bool expected) =>
            BruteForce.Voxels(pair.Prediction, (x, y, z) => pair.Prediction[x, y, z] == predicted && pair.Reference[x, y, z] == expected).Count;
        Assert.Equal(
            new ConfusionCounts(Voxels(true, true), Voxels(true, false), Voxels(false, true), Voxels(false, false)),
            ConfusionCounts.Between(pair.Prediction, pair.Reference));
    }, iter: 300);

    [Theory]
    [InlineData(0, 0, 1, double.NaN)]
    [InlineData(5, 0, 0, double.NaN)]
    [InlineData(0, 5, 0, 0)]
    public void An_empty_region_scores_as_its_convention_says(long predictedOnly, long expectedOnly, double scoreOne, double skip)
    {
        var counts = new ConfusionCounts(0, predictedOnly, expectedOnly, 100);
        foreach (Func<EmptyRegionConvention, double> score in new Func<EmptyRegionConvention, double>[] { counts.Dice, counts.Sensitivity, counts.Precision })
        {
            score(EmptyRegionConvention.ScoreOne).Should().Be(scoreOne);
            score(EmptyRegionConvention.Skip).Should().Be(skip);
        }
    }

    [Fact]
    public void A_reference_that_fills_the_grid_has_no_specificity() =>
        new ConfusionCounts(90, 0, 10, 0).Specificity().Should().Be(double.NaN);

    [Fact]
    public void Counts_of_two_cases_add_up() =>
        (new ConfusionCounts(1, 2, 3, 4) + new ConfusionCounts(10, 20, 30, 40)).Should().Be(new ConfusionCounts(11, 22, 33, 44));
}
