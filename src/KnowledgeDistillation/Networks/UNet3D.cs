using KnowledgeDistillation.Networks.Layers;

namespace KnowledgeDistillation.Networks;

/// <summary>
/// The U-Net of the paper for volumes [N, C, D, H, W], after No New-Net (Isensee et al. 2018): at each of five resolutions two 3×3×3 convolutions,
/// each followed by instance norm with learned scale and offset and leaky ReLU 0.01; max-pooling between the resolutions;
/// on the way up the channels are halved, the size doubled, the skip connection concatenated; a final 1×1×1 convolution gives raw logits.
/// The bottleneck is the output of the deepest level after its last norm and activation.
/// </summary>
/// <param name="options">How to build it.</param>
/// <exception cref="ArgumentException">The options are not valid; the message lists every fault.</exception>
public sealed class UNet3D(UNet3DOptions options) : UNet(options, new SpatialLayers(3), nameof(UNet3D));
