using FluentAssertions;
using KnowledgeDistillation.Inference;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Prediction;
using KnowledgeDistillation.Metrics;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class PatchMetadataTests
{
    [Fact]
    public void A_network_that_learned_from_patches_is_run_in_windows_of_their_size()
    {
        IReadOnlyDictionary<string, string> metadata = PatchMetadata.Write(new PatchSampling { Size = new VolumeSize(32, 48, 64) });

        PatchMetadata.SizeOf(metadata).Should().Be(new VolumeSize(32, 48, 64));
        PatchMetadata.InferenceOf(metadata, spatialDimensions: 3).Should().BeOfType<SlidingWindowInference>();
        SlidingWindowOptions windows = PatchMetadata.WindowsOf(metadata, 3)!;
        windows.WindowSize.Should().Equal([64, 48, 32], "tensors have the order z, y, x");
        windows.SkipBackground.Should().BeTrue();
        PatchMetadata.InferenceOf(metadata, spatialDimensions: 2).Should().BeNull("slices need no windows");
    }

    [Fact]
    public void One_that_learned_from_whole_cases_is_run_in_the_usual_way()
    {
        PatchMetadata.Write(null).Should().BeEmpty();
        PatchMetadata.InferenceOf(new Dictionary<string, string>(), spatialDimensions: 3).Should().BeNull();
    }

    [Theory]
    [InlineData("")]
    [InlineData("32")]
    [InlineData("32,32,0")]
    [InlineData("32,32,a")]
    public void What_makes_no_sense_is_refused(string size) =>
        FluentActions.Invoking(() => PatchMetadata.InferenceOf(new Dictionary<string, string> { ["patch.size"] = size }, 3))
            .Should().Throw<InvalidDataException>().WithMessage("*patch.size*");
}
