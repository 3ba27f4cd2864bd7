using KnowledgeDistillation.Networks.Layers;

namespace KnowledgeDistillation.Networks;

/// <summary>
/// What <see cref="UNet3D"/> and <see cref="UNet2D"/> share. As a TorchSharp module it maps the concatenated channels of its modalities to logits.
/// </summary>
public abstract class UNet : UShapedNetwork
{
    private protected UNet(UNetOptions options, SpatialLayers layers, string name)
        : base(
            options,
            layers,
            name,
            level => new ConvolutionBlock(layers, level == 0 ? options.Channels : options.Width(level - 1), options.Width(level)),
            level => new DecoderLevel(layers, options.Upsampling, options.Width(level + 1), options.Width(level), options.HasSkip(level)),
            () => options.BaseWidth)
    {
    }
}
