using FluentAssertions;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class CaseVolumesTests
{
    private static readonly VolumeGrid Grid = TinyCases.Grid;

    public static TheoryData<VolumeGrid> OtherGrids =>
    [
        new VolumeGrid(new(4, 3, 3), Grid.Affine),
        new VolumeGrid(new(4, 3, 2), Affine.Identity),
        new VolumeGrid(new(4, 3, 2), Grid.Affine with { M14 = 0.2 }),
    ];

    [Theory]
    [MemberData(nameof(OtherGrids))]
    public void Images_on_different_grids_are_refused(VolumeGrid other)
    {
        Action make = () => _ = new CaseVolumes(
            new Dictionary<string, Volume<float>> { ["t1"] = TinyCases.Image(1), ["t2"] = TinyCases.Image(1, other) },
            null, BraTSLabelConvention.BraTS2018.Map);
        make.Should().Throw<ArgumentException>().WithMessage("*must lie on one grid, but t1 has 4×3×2 voxels*t2 has*");
    }

    [Fact]
    public void Segmentation_on_another_grid_is_refused()
    {
        Volume<int> elsewhere = new(new VolumeGrid(new(4, 3, 2), Affine.Identity), new int[24]);
        Action make = () =>
            _ = new CaseVolumes(new Dictionary<string, Volume<float>> { ["t1"] = TinyCases.Image(1) }, elsewhere, BraTSLabelConvention.BraTS2018.Map);
        make.Should().Throw<ArgumentException>().WithMessage("*the segmentation has*");
    }

    [Fact]
    public void Grid_without_orientation_is_refused()
    {
        VolumeGrid flat = new(new VolumeSize(4, 3, 2), Affine.Scaling(1, 1, 0));
        Action make = () =>
            _ = new CaseVolumes(new Dictionary<string, Volume<float>> { ["t1"] = TinyCases.Image(1, flat) }, null, BraTSLabelConvention.BraTS2018.Map);
        make.Should().Throw<ArgumentException>().WithMessage("*spans space*");
    }

    [Fact]
    public void Case_without_image_is_refused()
    {
        Action make = () => _ = new CaseVolumes(new Dictionary<string, Volume<float>>(), null, BraTSLabelConvention.BraTS2018.Map);
        make.Should().Throw<ArgumentException>().WithMessage("*at least one image*");
    }
}
