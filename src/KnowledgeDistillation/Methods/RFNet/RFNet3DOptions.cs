using KnowledgeDistillation.Networks;

namespace KnowledgeDistillation.Methods.RFNet;

/// <summary>
/// How to build an <see cref="RFNet3D"/>. Defaults are those of the code that was published with Ding et al. (2021): four levels of 16-32-64-128 channels.
/// </summary>
public sealed record RFNet3DOptions : HeteroModalNetworkOptions
{
    /// <summary>The defaults.</summary>
    public RFNet3DOptions()
        : base(baseWidth: 16)
    {
    }

    /// <summary>
    /// Whether the output channels are regions that may overlap (<see cref="Labels.OverlappingRegions"/>): the probability maps by which features are fused
    /// are then one sigmoid per channel. Default no: a softmax over the channels. With one output channel it is a sigmoid in any case.
    /// </summary>
    public bool OverlappingRegions { get; init; }

    /// <inheritdoc/>
    public override IEncoderDecoder Build() => new RFNet3D(this);

    internal bool SigmoidMaps => OverlappingRegions || OutputChannels == 1;
}
