using FluentAssertions;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class PreprocessingMetadataTests
{
    public static TheoryData<PreprocessingOptions> Options => new(
        new PreprocessingOptions(),
        new PreprocessingOptions { CropSize = new VolumeSize(32, 48, 16), SubsamplingFactor = 4, CropCenter = CropCenter.Brain },
        new PreprocessingOptions { CropSize = null, SizeMultiple = 8, SubsamplingFactor = 1 });

    [Theory]
    [MemberData(nameof(Options))]
    public void Options_are_read_as_they_were_written_for_the_modalities_of_the_network(PreprocessingOptions options)
    {
        string[] modalities = [BraTSModality.T1ce];

        PreprocessingMetadata.Read(PreprocessingMetadata.Write(options), modalities).Should().Be(options with { Modalities = modalities });
    }

    [Theory]
    [InlineData("preprocessing.crop", "64,64")]
    [InlineData("preprocessing.crop", "65,65,65")]
    [InlineData("preprocessing.subsampling", "-1")]
    [InlineData("preprocessing.centre", "heart")]
    [InlineData("preprocessing.multiple", null)]
    public void Facts_that_are_missing_or_make_no_sense_are_named(string name, string? value)
    {
        var metadata = new Dictionary<string, string>(PreprocessingMetadata.Write(new PreprocessingOptions()));
        metadata.Remove(name);
        if (value is not null)
            metadata[name] = value;

        FluentActions.Invoking(() => PreprocessingMetadata.Read(metadata, [BraTSModality.T1ce])).Should().Throw<InvalidDataException>();
    }
}
