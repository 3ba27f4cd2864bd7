using KnowledgeDistillation.Networks;

namespace KnowledgeDistillation.Tests.Seams;

/// <summary>How to build a network of a <see cref="SkipModule"/>.</summary>
internal sealed record SkipModuleOptions : NetworkRecipe
{
    public required IReadOnlyList<string> Modalities { get; init; }

    public required int OutputChannels { get; init; }

    public override IEncoderDecoder Build() => new ModuleAdapter(
        new SkipModule(Modalities.Count, OutputChannels),
        Modalities,
        OutputChannels,
        bottleneck: "bottleneck",
        sizeMultiple: 2,
        levels: ["enter"],
        recipe: this,
        decoderFeatures: new Dictionary<string, string> { [DecoderFeatureNames.Last] = "joined" });
}
