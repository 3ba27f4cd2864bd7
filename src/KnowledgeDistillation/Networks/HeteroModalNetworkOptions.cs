using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Networks;

/// <summary>What the options of the networks have in common that work with any subset of their modalities.</summary>
public abstract record HeteroModalNetworkOptions : NetworkRecipe
{
    private protected HeteroModalNetworkOptions(int baseWidth) => BaseWidth = baseWidth;

    /// <summary>The modalities that the network can see, by name, one channel each; at least one, each once.</summary>
    public required IReadOnlyList<string> Modalities { get; init; }

    /// <summary>Number of output channels of the segmentation, the channels of the label scheme; 1 to 1024.</summary>
    public required int OutputChannels { get; init; }

    /// <summary>
    /// The width of the shallowest level, doubled at each level; even, from 2 to 1024. Default 8,
    /// in a <see cref="Methods.DisentangledFusion.DisentangledFusionNet3D"/> and a <see cref="Methods.RFNet.RFNet3D"/> 16.
    /// </summary>
    public int BaseWidth { get; init; }

    /// <summary>Number of resolutions, 2 to 8. Default 4.</summary>
    public int Levels { get; init; } = 4;

    /// <summary>The width of each level.</summary>
    internal IReadOnlyList<int> Widths() => [.. Enumerable.Range(0, Levels).Select(level => BaseWidth << level)];

    internal void Validate() => Faults().ThrowIfAny();

    private protected virtual OptionFaults Faults() => new OptionFaults(GetType().Name)
        .RequireNetwork(Modalities, OutputChannels)
        .RequireEvenWidth(BaseWidth)
        .RequireLevels(Levels);
}
