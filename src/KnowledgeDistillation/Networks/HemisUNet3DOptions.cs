namespace KnowledgeDistillation.Networks;

/// <summary>How to build a <see cref="HemisUNet3D"/>. Defaults are those of the U-HeMIS that was published with U-HVED (Dorent et al. 2019).</summary>
public sealed record HemisUNet3DOptions : NetworkRecipe
{
    /// <summary>The modalities that the network can see, by name, one channel each; at least one, each once.</summary>
    public required IReadOnlyList<string> Modalities { get; init; }

    /// <summary>Number of output channels, the channels of the label scheme; at least 1.</summary>
    public required int OutputChannels { get; init; }

    /// <summary>Width of the blocks of the shallowest level, doubled at each level; even, from 2 to 1024. Default 8.</summary>
    public int BaseWidth { get; init; } = 8;

    /// <summary>Number of resolutions, 2 to 8. Default 4: blocks of 8-16-32-64 channels that give half as many.</summary>
    public int Levels { get; init; } = 4;

    /// <inheritdoc/>
    public override IEncoderDecoder Build() => new HemisUNet3D(this);

    internal IReadOnlyList<int> Widths() => [.. Enumerable.Range(0, Levels).Select(level => BaseWidth << level)];

    internal void Validate() => new OptionFaults(nameof(HemisUNet3DOptions))
        .RequireHeteroModal(Modalities, OutputChannels, BaseWidth, Levels)
        .ThrowIfAny();
}
