using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using TorchSharp;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class CaseSegmenterTests
{
    // Axes left, posterior, superior as in BraTS; sizes that differ from one another, so that a swap of axes shows.
    private static readonly VolumeGrid Grid = new(new VolumeSize(9, 12, 7), new Affine(-1, 0, 0, 0, 0, -1, 0, 239, 0, 0, 1, 0));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Classes_come_back_to_the_voxels_of_the_input_that_they_were_found_in(int factor)
    {
        var geometry = new PreprocessingGeometry(Grid, (1, -2, 1), new VolumeSize(8, 16, 4), factor);
        VolumeSize size = geometry.Size;
        byte[] truth = new byte[size.VoxelCount];
        for (int i = 0; i < truth.Length; i++)
            truth[i] = (byte)(i % size.X >= size.X / 2 ? 3 : 0);
        using CasePrediction prediction = Segment(geometry, truth);

        prediction.Classes().Should().Equal(truth);
        byte[] native = prediction.NativeClasses();
        native.Should().HaveCount(Grid.VoxelCount);
        for (int z = 0; z < Grid.Size.Z; z++)
        {
            for (int y = 0; y < Grid.Size.Y; y++)
            {
                for (int x = 0; x < Grid.Size.X; x++)
                {
                    // In RAS, x and y run the other way. The upper half of the crop along x is class 3: voxels 5 to 8, and z is cropped to 1 to 4.
                    int right = Grid.Size.X - 1 - x;
                    native[Grid.IndexOf(x, y, z)].Should().Be((byte)(right >= 5 && z is >= 1 and <= 4 ? 3 : 0), $"voxel ({x}, {y}, {z})");
                }
            }
        }
    }

    [Fact]
    public void Probabilities_and_not_classes_are_interpolated()
    {
        var geometry = new PreprocessingGeometry(new VolumeGrid(new(4, 2, 2), Affine.Identity), (0, 0, 0), new VolumeSize(4, 2, 2), 2);
        using torch.Tensor probabilities = torch.tensor(new float[] { 0.9f, 0.45f, 0.1f, 0.55f, 0, 0, 0, 0 }, [1, 4, 1, 1, 2]);
        using var prediction = new CasePrediction(probabilities.clone(), BraTSRegions.Classes, geometry);

        prediction.Classes().Should().Equal(0, 1);
        // Half-pixel centers: the third voxel is 1/4 of the first and 3/4 of the second value, 0.5625 for background;
        // the fourth is the second's, 0.45 against 0.55.
        prediction.NativeClasses().Should().Equal(0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1);
    }

    [Fact]
    public void A_case_without_any_modality_that_the_network_sees_is_refused_by_name()
    {
        using var model = new SegmentationModel(new NearestIntensity("flair"), BraTSRegions.Classes);
        var geometry = new PreprocessingGeometry(Grid, (0, 0, 0), VolumeSize.Cube(4), 1);
        var source =
            new PreprocessedCase("P7", new Dictionary<string, float[]> { ["t1ce"] = new float[64] }, null, geometry, BraTSLabelConvention.BraTS2018.Map, null);

        FluentActions.Invoking(() => new CaseSegmenter(model).Predict(source)).Should().Throw<ArgumentException>().WithMessage("*flair*P7*t1ce*");
    }

    private static CasePrediction Segment(PreprocessingGeometry geometry, byte[] truth)
    {
        using var model = new SegmentationModel(new NearestIntensity("t1ce"), BraTSRegions.Classes);
        var images = new Dictionary<string, float[]> { ["t1ce"] = Array.ConvertAll(truth, value => (float)value) };
        return new CaseSegmenter(model).Predict(new PreprocessedCase("P1", images, null, geometry, BraTSLabelConvention.BraTS2018.Map, null));
    }
}
