using KnowledgeDistillation.Networks.Layers;

namespace KnowledgeDistillation.Networks;

/// <summary>The same network as <see cref="UNet3D"/> for slices [N, C, H, W].</summary>
/// <param name="options">How to build it.</param>
/// <exception cref="ArgumentException">The options are not valid; the message lists every fault.</exception>
public sealed class UNet2D(UNet2DOptions options) : UNet(options, new SpatialLayers(2), nameof(UNet2D));
