using System.Text.Json;
using FluentAssertions;
using FluentAssertions.Execution;
using KnowledgeDistillation.Metrics;
using Xunit;

namespace KnowledgeDistillation.Tests.Metrics;

/// <summary>Scores of small BraTS label maps against those of MONAI and of a brute-force computation.</summary>
public class GoldenMetricsTests
{
    [Theory]
    [InlineData("identical")]
    [InlineData("shifted")]
    [InlineData("noise")]
    [InlineData("border")]
    [InlineData("empty_prediction")]
    [InlineData("empty_reference")]
    [InlineData("both_empty")]
    public void Every_region_and_spacing_scores_as_the_reference_computations_do(string volume)
    {
        using var golden = JsonDocument.Parse(File.ReadAllText(SharedData.Require("metrics", "metrics.json")));
        JsonElement[] cases = [.. golden.RootElement.GetProperty("cases").EnumerateArray().Where(c => c.GetProperty("volume").GetString() == volume)];
        cases.Should().HaveCount(18, "there are six regions and three spacings");

        foreach (JsonElement item in cases)
        {
            int[] shape = [.. item.GetProperty("shape").EnumerateArray().Select(n => n.GetInt32())];
            double[] spacing = [.. item.GetProperty("spacing").EnumerateArray().Select(n => n.GetDouble())];
            string region = item.GetProperty("region").GetString()!;
            int[] labels = [.. golden.RootElement.GetProperty("regions").GetProperty(region).EnumerateArray().Select(n => n.GetInt32())];

            RegionScores scores = SegmentationEvaluator.Evaluate<byte>(
                ReadLabels(SharedData.Require("metrics", volume, "pred.u8.bin"), shape),
                ReadLabels(SharedData.Require("metrics", volume, "ref.u8.bin"), shape),
                new VolumeSize(shape[0], shape[1], shape[2]),
                new Spacing(spacing[0], spacing[1], spacing[2]),
                [new Region(region, labels)]).Should().ContainSingle().Subject;

            JsonElement monai = item.GetProperty("monai");
            JsonElement exact = item.GetProperty("brute_force");
            using var scope = new AssertionScope($"{volume}, {region}, {spacing[0]}×{spacing[1]}×{spacing[2]} mm");
            scores.Overlap.PredictionVoxels.Should().Be(item.GetProperty("voxels_pred").GetInt64());
            scores.Overlap.ReferenceVoxels.Should().Be(item.GetProperty("voxels_ref").GetInt64());
            scores.Surface.PredictionSurfaceVoxels.Should().Be((int)Number(exact, "surface_voxels_pred"));
            scores.Surface.ReferenceSurfaceVoxels.Should().Be((int)Number(exact, "surface_voxels_ref"));
            ShouldBe(scores.Overlap.Dice(EmptyRegionConvention.ScoreOne), Number(monai, "dice"), 1e-6, "Dice");
            ShouldBe(scores.Overlap.Dice(EmptyRegionConvention.Skip), Number(monai, "dice_ignore_empty"), 1e-6, "Dice, empty skipped");
            ShouldBe(scores.Surface.HausdorffDistance95, Number(exact, "hd95"), 1e-12, "HD95");
            ShouldBe(scores.Surface.HausdorffDistance, Number(exact, "hd100"), 1e-12, "HD100");
            ShouldBe(scores.Surface.AverageSurfaceDistance, Number(exact, "asd_pred_to_ref"), 1e-12, "ASD");
            ShouldBe(scores.Surface.AverageSymmetricSurfaceDistance, Number(exact, "assd"), 1e-12, "ASSD");
            ShouldBe(scores.Surface.HausdorffDistance, Number(monai, "hd100"), 1e-6, "HD100 of MONAI");
            ShouldBe(scores.Surface.AverageSurfaceDistance, Number(monai, "asd_pred_to_ref"), 1e-6, "ASD of MONAI");
            ShouldBe(scores.Surface.AverageSymmetricSurfaceDistance, Number(monai, "assd"), 1e-6, "ASSD of MONAI");

            // MONAI's percentile is NaN where a region is empty; the distance to nothing is infinite here, as it is in MONAI's own HD100.
            if (!double.IsNaN(Number(monai, "hd95")))
            {
                ShouldBe(scores.Surface.HausdorffDistance95, Number(monai, "hd95"), 1e-6, "HD95 of MONAI");
                ShouldBe(scores.Surface.PredictionToReference95, Number(monai, "hd95_directed"), 1e-6, "directed HD95 of MONAI");
            }
        }
    }

    // The files are in C order of [x, y, z], z fastest; ours is x fastest.
    private static byte[] ReadLabels(string path, int[] shape)
    {
        byte[] bytes = File.ReadAllBytes(path);
        byte[] labels = new byte[bytes.Length];
        for (int x = 0; x < shape[0]; x++)
        {
            for (int y = 0; y < shape[1]; y++)
            {
                for (int z = 0; z < shape[2]; z++)
                    labels[x + (shape[0] * (y + (shape[1] * z)))] = bytes[z + (shape[2] * (y + (shape[1] * x)))];
            }
        }
        return labels;
    }

    private static double Number(JsonElement values, string name) => values.GetProperty(name) is { ValueKind: JsonValueKind.String } text
        ? text.GetString() switch { "nan" => double.NaN, "inf" => double.PositiveInfinity, var other => throw new FormatException(other) }
        : values.GetProperty(name).GetDouble();

    private static void ShouldBe(double actual, double expected, double relative, string what)
    {
        if (double.IsFinite(expected))
            actual.Should().BeApproximately(expected, relative * Math.Max(1, Math.Abs(expected)), what);
        else
            actual.Should().Be(expected, what);
    }
}
