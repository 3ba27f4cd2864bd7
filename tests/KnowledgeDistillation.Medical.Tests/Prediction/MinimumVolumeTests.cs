using FluentAssertions;
using KnowledgeDistillation.Medical.Prediction;
using Xunit;

namespace KnowledgeDistillation.Medical.Tests;

public sealed class MinimumVolumeTests
{
    [Theory]
    [InlineData("ET=50mm3", "ET", 50, null)]
    [InlineData("ET = 50 mm³", "ET", 50, null)]
    [InlineData("WT=0.5ml", "WT", 500, null)]
    [InlineData("tumor core=1.25mm3:edema", "tumor core", 1.25, "edema")]
    public void A_text_names_region_volume_and_what_it_becomes(string text, string region, double volume, string? replacement) =>
        MinimumVolume.Parse(text).Should().Be(new MinimumVolume(region, volume, replacement));

    [Theory]
    [InlineData("")]
    [InlineData("ET")]
    [InlineData("ET=")]
    [InlineData("=50mm3")]
    [InlineData("ET=50")]
    [InlineData("ET=50cm")]
    [InlineData("ET=0mm3")]
    [InlineData("ET=-5mm3")]
    [InlineData("ET=1,5mm3")]
    [InlineData("ET=NaNmm3")]
    [InlineData("ET=50mm3:")]
    public void Other_texts_are_refused_with_an_example(string text) =>
        FluentActions.Invoking(() => MinimumVolume.Parse(text)).Should().Throw<FormatException>().WithMessage("*ET=50mm3*");
}
