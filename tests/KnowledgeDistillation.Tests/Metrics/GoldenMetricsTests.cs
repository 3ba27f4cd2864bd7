using System.Text.Json;
using FluentAssertions;
using FluentAssertions.Execution;
using KnowledgeDistillation.Metrics;
using Xunit;

namespace KnowledgeDistillation.Tests.Metrics;

/// <summary>Scores of small BraTS label maps against those of a brute-force computation and, for a larger collection, of MONAI.</summary>
public class GoldenMetricsTests
{
    private static readonly GoldenData Data = new("metrics", "metrics");

    public static TheoryData<string> Volumes =>
    [
        .. Data.Rows(
            [
                "identical", "shifted", "noise", "border", "outlier", "single_voxels", "plate", "all_of_it", "empty_prediction", "empty_reference",
                "both_empty",
            ],
            ["identical", "shifted", "noise", "border", "empty_prediction", "empty_reference", "both_empty"]),
    ];

    [Theory]
    [MemberData(nameof(Volumes))]
    public void Every_region_and_spacing_scores_as_the_reference_computations_do(string name)
    {
        (string source, string volume) = (name.Split('/')[0], name.Split('/')[1]);
        using var golden = JsonDocument.Parse(File.ReadAllText(Data.PathOf($"{source}/metrics.json")));
        JsonElement[] cases = [.. golden.RootElement.GetProperty("cases").EnumerateArray().Where(c => c.GetProperty("volume").GetString() == volume)];
        cases.Should().HaveCount(18, "there are six regions and three spacings");

        foreach (JsonElement item in cases)
        {
            int[] shape = [.. item.GetProperty("shape").EnumerateArray().Select(n => n.GetInt32())];
            double[] spacing = [.. item.GetProperty("spacing").EnumerateArray().Select(n => n.GetDouble())];
            string region = item.GetProperty("region").GetString()!;
            int[] labels = [.. golden.RootElement.GetProperty("regions").GetProperty(region).EnumerateArray().Select(n => n.GetInt32())];

            RegionScores scores = SegmentationEvaluator.Evaluate<byte>(
                ReadLabels("pred", shape),
                ReadLabels("ref", shape),
                new VolumeSize(shape[0], shape[1], shape[2]),
                new Spacing(spacing[0], spacing[1], spacing[2]),
                [new Region(region, labels)]).Should().ContainSingle().Subject;

            JsonElement exact = item.GetProperty("brute_force");
            bool hasMonai = item.TryGetProperty("monai", out JsonElement monai);
            hasMonai.Should().Be(source == GoldenData.Shared);
            using var scope = new AssertionScope($"{name}, {region}, {spacing[0]}×{spacing[1]}×{spacing[2]} mm");
            scores.Overlap.PredictionVoxels.Should().Be(item.GetProperty("voxels_pred").GetInt64());
            scores.Overlap.ReferenceVoxels.Should().Be(item.GetProperty("voxels_ref").GetInt64());
            scores.Surface.PredictionSurfaceVoxels.Should().Be((int)Number(exact, "surface_voxels_pred"));
            scores.Surface.ReferenceSurfaceVoxels.Should().Be((int)Number(exact, "surface_voxels_ref"));
            DiceShouldBe(scores.Overlap, hasMonai ? monai : exact, hasMonai ? 1e-6 : 1e-12);
            DistancesShouldBe(scores.Surface, exact, 1e-12);
            // MONAI's percentile is NaN where a region is empty; the distance to nothing is infinite here, as it is in MONAI's own HD100.
            if (hasMonai)
                DistancesShouldBe(scores.Surface, monai, 1e-6, hasPercentile: !double.IsNaN(Number(monai, "hd95")));
        }

        byte[] ReadLabels(string which, int[] shape) => XFastest(
            source == GoldenData.Own
                ? [.. Digits(golden.RootElement.GetProperty("volumes").GetProperty(volume).GetProperty(which))]
                : File.ReadAllBytes(Data.PathOf($"{name}/{which}.u8.bin")),
            shape);
    }

    private static void DiceShouldBe(ConfusionCounts overlap, JsonElement expected, double relative)
    {
        ShouldBe(overlap.Dice(EmptyRegionConvention.ScoreOne), Number(expected, "dice"), relative, "Dice");
        ShouldBe(overlap.Dice(EmptyRegionConvention.Skip), Number(expected, "dice_ignore_empty"), relative, "Dice, empty skipped");
    }

    private static void DistancesShouldBe(SurfaceDistances surface, JsonElement expected, double relative, bool hasPercentile = true)
    {
        ShouldBe(surface.HausdorffDistance, Number(expected, "hd100"), relative, "HD100");
        ShouldBe(surface.AverageSurfaceDistance, Number(expected, "asd_pred_to_ref"), relative, "ASD");
        ShouldBe(surface.AverageSymmetricSurfaceDistance, Number(expected, "assd"), relative, "ASSD");
        if (hasPercentile)
            ShouldBe(surface.HausdorffDistance95, Number(expected, "hd95"), relative, "HD95");
        if (hasPercentile && expected.TryGetProperty("hd95_directed", out _))
            ShouldBe(surface.PredictionToReference95, Number(expected, "hd95_directed"), relative, "directed HD95");
    }

    private static IEnumerable<byte> Digits(JsonElement planes) =>
        planes.EnumerateArray().SelectMany(rows => rows.EnumerateArray()).SelectMany(row => row.GetString()!).Select(digit => (byte)(digit - '0'));

    // Both sources are in C order of [x, y, z], z fastest; ours is x fastest.
    private static byte[] XFastest(byte[] bytes, int[] shape)
    {
        bytes.Should().HaveCount(shape[0] * shape[1] * shape[2]);
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
