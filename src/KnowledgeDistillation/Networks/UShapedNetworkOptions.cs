using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Networks;

/// <summary>What the options of every <see cref="UShapedNetwork"/> have in common.</summary>
public abstract record UShapedNetworkOptions : NetworkRecipe
{
    /// <summary>Options with a default width.</summary>
    protected UShapedNetworkOptions(int baseWidth) => BaseWidth = baseWidth;

    /// <summary>The modalities that the network sees, by name; at least one, each once.</summary>
    public required IReadOnlyList<string> Modalities { get; init; }

    /// <summary>Number of output channels, the channels of the label scheme; 1 to 1024.</summary>
    public required int OutputChannels { get; init; }

    /// <summary>Number of input channels over all modalities; by default one per modality; up to 1024.</summary>
    public int? InputChannels { get; init; }

    /// <summary>The width of the shallowest level, doubled at each level; up to 1024. A U-Net: default 30, even. A MultiResUNet: default 32.</summary>
    public int BaseWidth { get; init; }

    /// <summary>Number of resolutions, 2 to 8. Default 5.</summary>
    public int Levels { get; init; } = 5;

    /// <summary>Number of skip connections, 0 to <see cref="Levels"/> − 1, kept at the deepest levels first; by default all.</summary>
    public int? SkipConnections { get; init; }

    /// <summary>Number of input channels that is in force.</summary>
    internal int Channels => InputChannels ?? Modalities.Count;

    /// <summary>The width of a level, 0 being the shallowest.</summary>
    internal int Width(int level) => BaseWidth << level;

    // Skips are kept from the deepest level upwards: the paper's two settings, 4 and 0 of five levels, do not depend on the order.
    internal bool HasSkip(int level) => level >= Levels - 1 - (SkipConnections ?? Levels - 1);

    internal void Validate() => Faults().ThrowIfAny();

    private protected virtual OptionFaults Faults() => new OptionFaults(GetType().Name)
        .RequireNetwork(Modalities, OutputChannels)
        .Require(
            InputChannels is null || (InputChannels >= (Modalities?.Count ?? 1) && InputChannels <= NetworkOptionFaults.MostChannels),
            $"InputChannels must be one per modality or more, up to {NetworkOptionFaults.MostChannels}, but is {InputChannels}.")
        .RequireLevels(Levels)
        .Require(
            SkipConnections is null || (SkipConnections >= 0 && SkipConnections < Levels),
            $"SkipConnections must be from 0 to {Levels - 1} (Levels − 1), but is {SkipConnections}.");
}
