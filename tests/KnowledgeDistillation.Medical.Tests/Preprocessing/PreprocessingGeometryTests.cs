using CsCheck;
using FluentAssertions;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class PreprocessingGeometryTests
{
    private static readonly VolumeGrid Lps = new(new VolumeSize(4, 3, 2), new Affine(-1, 0, 0, 10, 0, -1, 0, 20, 0, 0, 1, 30));

    [Fact]
    public void Crop_is_pasted_back_in_the_orientation_of_the_input()
    {
        // RAS voxel (x, y, z) is LPS voxel (3 - x, 2 - y, z).
        PreprocessingGeometry geometry = new(Lps, (1, 0, 1), new VolumeSize(2, 1, 1), 1);
        byte[] native = geometry.PasteBack<byte>([5, 6], outside: 9);
        byte[] expected = new byte[24];
        Array.Fill(expected, (byte)9);
        expected[Lps.IndexOf(2, 2, 1)] = 5;
        expected[Lps.IndexOf(1, 2, 1)] = 6;
        native.Should().Equal(expected);
    }

    [Fact]
    public void Padding_is_dropped()
    {
        PreprocessingGeometry geometry = new(new VolumeGrid(new(2, 1, 1), Affine.Identity), (-1, 0, 0), new VolumeSize(4, 1, 1), 1);
        geometry.PasteBack<float>([1, 2, 3, 4]).Should().Equal(2, 3);
    }

    [Fact]
    public void Cutting_and_pasting_back_restores_the_crop_for_any_orientation_and_size()
    {
        Gen.Select(
            Gen.Int[1, 6],
            Gen.Int[1, 6],
            Gen.Int[1, 6],
            Gen.Int[0, 5].Select(i => new[] { "RAS", "LPS", "LAS", "PIR", "SAL", "IRP" }[i]),
            Gen.Int[1, 4],
            Gen.Int[1, 4],
            Gen.Int[1, 4])
            .Where(drawn => drawn.Item1 * drawn.Item2 * drawn.Item3 > 1)
            .Sample((x, y, z, codes, cx, cy, cz) =>
            {
                Volume<float> ras = new(new VolumeGrid(new(x, y, z), Affine.Scaling(1, 2, 3)), [.. Enumerable.Range(1, x * y * z).Select(i => (float)i)]);
                Volume<float> native = ras.ReorientTo(Orientation.Parse(codes));
                Volume<int> labels = new(native.Grid, [.. native.Voxels.Select(v => ((int)v % 3) + 1 is var c && c == 3 ? 4 : c)]);
                CaseVolumes volumes = new(new Dictionary<string, Volume<float>> { ["t1"] = native }, labels, BraTSLabelConvention.BraTS2018.Map);
                PreprocessedCase result = new Preprocessor(new() { Modalities = ["t1"], CropSize = new(cx, cy, cz), SubsamplingFactor = 1 })
                    .Process("X", volumes);
                int[] back = result.Labels.ToLabels(native.Grid, result.Geometry.PasteBack<byte>(result.Classes)).Voxels;
                back.Where((label, i) => label != 0 && label != labels.Voxels[i]).Should().BeEmpty();
                back.Count(label => label != 0).Should().Be(result.Foreground!.Kept).And.Be(Math.Min(x, cx) * Math.Min(y, cy) * Math.Min(z, cz));
            }, iter: 300, threads: 1);
    }

    [Fact]
    public void Grids_lie_in_the_world_of_the_input()
    {
        PreprocessingGeometry geometry =
            new(new VolumeGrid(new(240, 240, 155), new Affine(-1, 0, 0, 0, 0, -1, 0, 239, 0, 0, 1, 0)), (56, 56, 13), VolumeSize.Cube(128), 2);
        geometry.Size.Should().Be(VolumeSize.Cube(64));
        geometry.CropGrid.Affine.Apply(0, 0, 0).Should().Be((-239.0 + 56, 56.0, 13.0));
        geometry.Grid.Spacing.X.Should().Be(2);
        geometry.Grid.Affine.Apply(0, 0, 0).Should().Be((-239 + 56.5, 56.5, 13.5), "the center of the first block of eight");
    }

    [Fact]
    public void Wrong_number_of_values_is_refused()
    {
        Action paste = () => new PreprocessingGeometry(Lps, (0, 0, 0), VolumeSize.Cube(2), 1).PasteBack<byte>(new byte[7]);
        paste.Should().Throw<ArgumentException>().WithMessage("A crop of 2×2×2 voxels needs 8 values, but 7 were given*");
    }
}
