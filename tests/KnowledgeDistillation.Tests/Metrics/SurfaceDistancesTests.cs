using CsCheck;
using FluentAssertions;
using KnowledgeDistillation.Metrics;
using Xunit;

namespace KnowledgeDistillation.Tests.Metrics;

public class SurfaceDistancesTests
{
    [Fact]
    public void Distances_are_those_of_comparing_all_surface_voxels_with_all() => MaskGenerator.Pair.Sample(pair =>
    {
        (VoxelMask prediction, VoxelMask reference) = pair;
        SurfaceDistances actual = SurfaceDistances.Between(prediction, reference);
        var predicted = BruteForce.Surface(prediction);
        var expected = BruteForce.Surface(reference);
        Assert.Equal((predicted.Count, expected.Count), (actual.PredictionSurfaceVoxels, actual.ReferenceSurfaceVoxels));
        if (predicted.Count == 0 || expected.Count == 0)
        {
            double nothing = predicted.Count == expected.Count ? double.NaN : double.PositiveInfinity;
            foreach (double distance in All(actual))
                Assert.Equal(nothing, distance);
            return;
        }

        double[] fromPrediction = [.. predicted.Select(voxel => BruteForce.Distance(voxel, expected, prediction.Spacing))];
        double[] fromReference = [.. expected.Select(voxel => BruteForce.Distance(voxel, predicted, prediction.Spacing))];
        Close(BruteForce.Percentile(fromPrediction, 95), actual.PredictionToReference95);
        Close(BruteForce.Percentile(fromReference, 95), actual.ReferenceToPrediction95);
        Close(Math.Max(actual.PredictionToReference95, actual.ReferenceToPrediction95), actual.HausdorffDistance95);
        Close(Math.Max(fromPrediction.Max(), fromReference.Max()), actual.HausdorffDistance);
        Close(fromPrediction.Average(), actual.AverageSurfaceDistance);
        Close(fromPrediction.Concat(fromReference).Average(), actual.AverageSymmetricSurfaceDistance);
    }, iter: 500);

    [Fact]
    public void Background_around_the_regions_changes_nothing() => MaskGenerator.Pair.Sample(pair =>
    {
        // A margin on each side; the surface at the border of the inner grid stays surface, as outside counts as background.
        VoxelMask Framed(VoxelMask mask)
        {
            (int sizeX, int sizeY, int sizeZ) = (mask.Size.X + 3, mask.Size.Y + 5, mask.Size.Z + 2);
            bool[] voxels = new bool[sizeX * sizeY * sizeZ];
            foreach ((int x, int y, int z) in BruteForce.Voxels(mask, (x, y, z) => mask[x, y, z]))
                voxels[x + 1 + (sizeX * (y + 3 + (sizeY * (z + 1))))] = true;
            return new VoxelMask(voxels, new(sizeX, sizeY, sizeZ), mask.Spacing);
        }
        Assert.Equal(SurfaceDistances.Between(pair.Prediction, pair.Reference), SurfaceDistances.Between(Framed(pair.Prediction), Framed(pair.Reference)));
    }, iter: 300);

    [Fact]
    public void Two_voxels_lie_as_far_apart_as_their_spacing_says()
    {
        VoxelMask Single(int x, int y, int z)
        {
            bool[] voxels = new bool[8 * 8 * 8];
            voxels[x + (8 * (y + (8 * z)))] = true;
            return new VoxelMask(voxels, new(8, 8, 8), new Spacing(2, 3, 6));
        }

        // 1·2, 2·3 and 3·6 mm apart: √(4 + 36 + 324).
        SurfaceDistances distances = SurfaceDistances.Between(Single(1, 1, 1), Single(2, 3, 4));
        All(distances).Should().AllBeEquivalentTo(Math.Sqrt(364));
    }

    [Fact]
    public void Masks_on_different_grids_are_refused()
    {
        var mask = new VoxelMask(new bool[24], new(2, 3, 4), Spacing.OneMillimeter);
        FluentActions.Invoking(() => SurfaceDistances.Between(mask, new VoxelMask(new bool[24], new(4, 3, 2), Spacing.OneMillimeter)))
            .Should().Throw<ArgumentException>().WithMessage("*2×3×4*4×3×2*");
        FluentActions.Invoking(() => ConfusionCounts.Between(mask, new VoxelMask(new bool[24], new(2, 3, 4), new Spacing(1, 1, 2))))
            .Should().Throw<ArgumentException>().WithMessage("*measure*");
    }

    [Fact]
    public void Percentiles_found_by_selection_are_those_of_sorted_values() =>
        Gen.Select(Gen.OneOf(Gen.Int[0, 3].Select(n => (double)n), Gen.Double[0, 100]).Array[1, 60], Gen.Double[0, 100]).Sample((values, percentile) =>
        {
            Close(BruteForce.Percentile(values, percentile), OrderStatistics.PercentileInPlace([.. values], percentile));
            Close(values.Max(), OrderStatistics.PercentileInPlace([.. values], 100));
            Close(values.Min(), OrderStatistics.PercentileInPlace([.. values], 0));
        }, iter: 2000);

    private static double[] All(SurfaceDistances distances) =>
    [
        distances.HausdorffDistance95,
        distances.PredictionToReference95,
        distances.ReferenceToPrediction95,
        distances.HausdorffDistance,
        distances.AverageSurfaceDistance,
        distances.AverageSymmetricSurfaceDistance,
    ];

    private static void Close(double expected, double actual) => Assert.Equal(expected, actual, 1e-12 * (1 + Math.Abs(expected)));
}
