using System.Text.Json;
using FluentAssertions;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Storage;
using Xunit;

namespace KnowledgeDistillation.Tests.Labels;

/// <summary>Checkpoints store the label scheme as JSON.</summary>
public class LabelSchemeJsonTests
{
    private static readonly JsonSerializerOptions Json = new(ModelFiles.Json) { WriteIndented = false };

    [Fact]
    public void Exclusive_classes_survive_a_round_trip()
    {
        string json = JsonSerializer.Serialize<LabelScheme>(Contexts.BratsClasses, Json);
        json.Should().Be("""{"$type":"exclusive classes","ClassNames":["background","necrosis","edema","enhancing"]}""");
        JsonSerializer.Deserialize<LabelScheme>(json, Json).Should().BeOfType<ExclusiveClasses>()
            .Which.ClassNames.Should().Equal(Contexts.BratsClasses.ClassNames);
    }

    [Fact]
    public void Overlapping_regions_survive_a_round_trip()
    {
        string json = JsonSerializer.Serialize<LabelScheme>(Contexts.BratsRegions, Json);
        json.Should().Be(
            """{"$type":"overlapping regions","Regions":[{"Name":"WT","Classes":[1,2,3]},{"Name":"TC","Classes":[1,3]},"""
                + """{"Name":"ET","Classes":[3]}],"InnermostClasses":[2,1,3]}""");
        OverlappingRegions back = JsonSerializer.Deserialize<LabelScheme>(json, Json).Should().BeOfType<OverlappingRegions>().Subject;
        back.Should().BeEquivalentTo(Contexts.BratsRegions);
        JsonSerializer.Serialize<LabelScheme>(back, Json).Should().Be(json);
    }

    [Theory]
    [InlineData("""{"$type":"something else"}""")]
    [InlineData("""{"ClassNames":["a","b"]}""")]
    public void A_scheme_of_an_unknown_kind_is_refused(string json)
    {
        Action read = () => JsonSerializer.Deserialize<LabelScheme>(json, Json);
        read.Should().Throw<Exception>().Which.Should().Match(exception => exception is JsonException || exception is NotSupportedException);
    }

    [Fact]
    public void A_scheme_that_is_not_valid_is_refused_when_read()
    {
        Action read = () => JsonSerializer.Deserialize<LabelScheme>("""{"$type":"exclusive classes","ClassNames":["background"]}""", Json);
        read.Should().Throw<ArgumentException>().WithMessage("A softmax needs at least two classes*");
    }
}
