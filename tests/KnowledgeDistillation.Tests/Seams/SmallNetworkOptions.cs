namespace KnowledgeDistillation.Tests.Seams;

/// <summary>How to build a <see cref="SmallNetwork"/>.</summary>
internal sealed record SmallNetworkOptions : NetworkRecipe
{
    public required IReadOnlyList<string> Modalities { get; init; }

    public required int OutputChannels { get; init; }

    public int Width { get; init; } = 8;

    public override IEncoderDecoder Build() => new SmallNetwork(this);
}
