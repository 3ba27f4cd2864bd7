using FluentAssertions;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using TorchSharp;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class ProbabilityVolumeTests
{
    private static readonly VolumeGrid Two = new(new VolumeSize(2, 1, 1), Affine.Identity);
    private static readonly ExclusiveClasses Binary = new("background", "lesion");

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Plain_arrays_come_back_to_the_files_as_tensors_do(int factor)
    {
        VolumeGrid native = new(new VolumeSize(29, 20, 23), new Affine(-1, 0, 0, 0, 0, -1, 0, 239, 0, 0, 1, 0));
        PreprocessingGeometry geometry = new(native, (2, -2, 1), new VolumeSize(24, 24, 18), factor);
        Random random = new(3);
        float[][] values = [.. Enumerable.Range(0, 4).Select(_ => Enumerable.Range(0, geometry.Size.VoxelCount).Select(_ => random.NextSingle()).ToArray())];
        using CasePrediction tensors = new(
            torch.tensor(values.SelectMany(channel => channel).ToArray(), [1, 4, geometry.Size.Z, geometry.Size.Y, geometry.Size.X]),
            BraTSRegions.Classes,
            geometry);

        byte[] plain = ProbabilityVolume.OnNativeGrid(BraTSRegions.Classes, values, geometry).Classes();

        byte[] expected = tensors.NativeClasses();
        plain.Zip(expected).Count(pair => pair.First != pair.Second).Should().Be(0);
        plain.Should().Contain(3);
    }

    [Fact]
    public void Up_sampled_values_are_those_of_torch()
    {
        VolumeSize size = new(5, 4, 3), target = new(10, 12, 3);
        float[] source = [.. Enumerable.Range(0, size.VoxelCount).Select(i => MathF.Sin(i))];
        using torch.Tensor tensor = torch.tensor(source, [1, 1, size.Z, size.Y, size.X]);
        using torch.Tensor fine = torch.nn.functional.interpolate(
            tensor, size: [target.Z, target.Y, target.X], mode: torch.InterpolationMode.Trilinear, align_corners: false);

        LinearResampling.Resize(source, size, target).Should().Equal(fine.data<float>().ToArray(), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    [Fact]
    public void Outside_of_the_crop_is_background_with_certainty()
    {
        VolumeGrid native = new(new VolumeSize(4, 1, 1), Affine.Identity);
        PreprocessingGeometry geometry = new(native, (1, 0, 0), new VolumeSize(2, 1, 1), 1);

        var volume = ProbabilityVolume.OnNativeGrid(Binary, [[0.2f, 0.7f], [0.8f, 0.3f]], geometry);

        volume.Channels[0].Should().Equal(1, 0.2f, 0.7f, 1);
        volume.Channels[1].Should().Equal(0, 0.8f, 0.3f, 0);
        volume.Classes().Should().Equal(0, 1, 0, 0);
        OverlappingRegions regions = new([BraTSRegions.WholeTumor], [BraTSLabelConvention.EdemaClass]);
        ProbabilityVolume.OnNativeGrid(regions, [[0.2f, 0.7f]], geometry).Channels[0].Should().Equal(0, 0.2f, 0.7f, 0);
    }

    [Fact]
    public void Of_equal_probabilities_the_first_class_is_taken()
    {
        new ProbabilityVolume(Binary, Two, [[0.5f, 0.4f], [0.5f, 0.6f]]).Classes().Should().Equal(0, 1);
    }

    [Fact]
    public void Of_overlapping_regions_the_innermost_decides()
    {
        OverlappingRegions regions = new(
            [BraTSRegions.WholeTumor, BraTSRegions.EnhancingTumor], [BraTSLabelConvention.EdemaClass, BraTSLabelConvention.EnhancingClass]);

        new ProbabilityVolume(regions, Two, [[0.6f, 0.9f], [0.5f, 0.8f]]).Classes()
            .Should().Equal(BraTSLabelConvention.EdemaClass, BraTSLabelConvention.EnhancingClass);
    }

    [Fact]
    public void The_entropy_is_0_where_the_network_is_certain_and_ln_K_where_it_knows_nothing()
    {
        float[] entropy = new ProbabilityVolume(Binary, Two, [[1, 0.5f], [0, 0.5f]]).Entropy();
        entropy[0].Should().Be(0);
        entropy[1].Should().BeApproximately(MathF.Log(2), 1e-6f);

        OverlappingRegions regions = new([BraTSRegions.WholeTumor], [BraTSLabelConvention.EdemaClass]);
        new ProbabilityVolume(regions, Two, [[1, 0.5f]]).Entropy()[1].Should().BeApproximately(MathF.Log(2), 1e-6f);
    }

    [Fact]
    public void Channels_that_do_not_fit_are_refused()
    {
        FluentActions.Invoking(() => new ProbabilityVolume(Binary, Two, [[1, 1]])).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new ProbabilityVolume(Binary, Two, [[1, 1], [0]])).Should().Throw<ArgumentException>();
    }
}
