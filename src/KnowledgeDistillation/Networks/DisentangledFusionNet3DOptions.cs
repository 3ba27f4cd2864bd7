namespace KnowledgeDistillation.Networks;

/// <summary>How to build a <see cref="DisentangledFusionNet3D"/>. Defaults are those of the code that was published with Chen et al. (2019).</summary>
public sealed record DisentangledFusionNet3DOptions : NetworkRecipe
{
    /// <summary>The modalities that the network can see, by name, one channel each; at least one, each once.</summary>
    public required IReadOnlyList<string> Modalities { get; init; }

    /// <summary>Number of output channels of the segmentation, the channels of the label scheme; at least 1.</summary>
    public required int OutputChannels { get; init; }

    /// <summary>Channels of the shallowest content code, doubled at each level; even, from 2 to 1024. Default 16.</summary>
    public int BaseWidth { get; init; } = 16;

    /// <summary>Number of resolutions, 2 to 8. Default 4: content codes of 16-32-64-128 channels.</summary>
    public int Levels { get; init; } = 4;

    /// <summary>Length of a modality's appearance code, 1 to 1024. Default 8.</summary>
    public int AppearanceDimension { get; init; } = 8;

    /// <inheritdoc/>
    public override IEncoderDecoder Build() => new DisentangledFusionNet3D(this);

    internal IReadOnlyList<int> Widths() => [.. Enumerable.Range(0, Levels).Select(level => BaseWidth << level)];

    internal void Validate() => new OptionFaults(nameof(DisentangledFusionNet3DOptions))
        .RequireHeteroModal(Modalities, OutputChannels, BaseWidth, Levels)
        .Require(AppearanceDimension is >= 1 and <= 1024, $"AppearanceDimension must be from 1 to 1024, but is {AppearanceDimension}.")
        .ThrowIfAny();
}
