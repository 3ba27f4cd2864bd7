using System.Text.Json.Serialization;

namespace KnowledgeDistillation.Networks;

/// <summary>What <see cref="UNet3DOptions"/> and <see cref="UNet2DOptions"/> have in common. Defaults are those of No New-Net (Isensee et al. 2018), the network of the KD-Net paper.</summary>
public abstract record UNetOptions : NetworkRecipe
{
    /// <summary>The modalities that the network sees, by name; at least one, each once.</summary>
    public required IReadOnlyList<string> Modalities { get; init; }

    /// <summary>Number of output channels, the channels of the label scheme; at least 1.</summary>
    public required int OutputChannels { get; init; }

    /// <summary>Number of input channels over all modalities; by default one a modality.</summary>
    public int? InputChannels { get; init; }

    /// <summary>Channels of the shallowest level, doubled at each level; even, at least 2. Default 30.</summary>
    public int BaseWidth { get; init; } = 30;

    /// <summary>Number of resolutions, 2 to 8. Default 5: 30-60-120-240-480 channels.</summary>
    public int Levels { get; init; } = 5;

    /// <summary>Number of skip connections, 0 to <see cref="Levels"/> − 1, kept at the deepest levels first; by default all.</summary>
    public int? SkipConnections { get; init; }

    /// <summary>How the resolution is doubled on the way up. Default interpolation.</summary>
    public Upsampling Upsampling { get; init; } = Upsampling.Interpolation;

    /// <summary>The number of skip connections that is in force.</summary>
    [JsonIgnore]
    internal int Skips => SkipConnections ?? Levels - 1;

    /// <summary>Channels of a level, 0 being the shallowest.</summary>
    internal int Width(int level) => BaseWidth << level;

    internal void Validate() => new OptionFaults(GetType().Name)
        .Require(Modalities is { Count: > 0 }, "Modalities must name at least one modality.")
        .Require(Modalities is null || Modalities.Distinct(StringComparer.Ordinal).Count() == Modalities.Count, "Modalities must name each modality once.")
        .Require(Modalities is null || !Modalities.Any(string.IsNullOrWhiteSpace), "Modalities must not hold an empty name.")
        .Require(OutputChannels >= 1, $"OutputChannels must be at least 1, but is {OutputChannels}.")
        .Require(InputChannels is null || InputChannels >= (Modalities?.Count ?? 1), $"InputChannels must be at least one a modality, but is {InputChannels}.")
        .Require(BaseWidth >= 2 && BaseWidth % 2 == 0 && BaseWidth <= 1024, $"BaseWidth must be even and from 2 to 1024, but is {BaseWidth}.")
        .Require(Levels is >= 2 and <= 8, $"Levels must be from 2 to 8, but is {Levels}.")
        .Require(SkipConnections is null || (SkipConnections >= 0 && SkipConnections < Levels), $"SkipConnections must be from 0 to {Levels - 1} (Levels − 1), but is {SkipConnections}.")
        .Require(Enum.IsDefined(Upsampling), $"Upsampling has no value {Upsampling}.")
        .ThrowIfAny();
}
