using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Methods.AdversarialCoTraining;

/// <summary>
/// Tells for each patch of a map [N, C, spatial...] whether it is the student's: convolutions of size 3 with leaky ReLU 0.2 between them, raw logits above 0
/// for the student. No layer mixes samples, and any size fits.
/// </summary>
internal sealed class DomainCritic : Module<Tensor, Tensor>
{
    // Kept alive on purpose: the operation runs over whole volumes.
    private static readonly Scalar NegativeSlope = 0.2;

    private readonly ModuleList<Module<Tensor, Tensor>> convolutions = [];

    /// <param name="spatialDimensions">2 or 3.</param>
    /// <param name="inputs">Number of channels of a map.</param>
    /// <param name="layers">Width and stride of each convolution but the last.</param>
    /// <param name="lastStride">The stride of the last one, which gives the logits.</param>
    public DomainCritic(int spatialDimensions, int inputs, IEnumerable<(long Width, long Stride)> layers, long lastStride)
        : base(nameof(DomainCritic))
    {
        long width = inputs;
        foreach ((long next, long stride) in layers.Append((1, lastStride)))
        {
            convolutions.Add(spatialDimensions == 3 ? Conv3d(width, next, 3, stride: stride, padding: 1) : Conv2d(width, next, 3, stride: stride, padding: 1));
            width = next;
        }

        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        Tensor features = input;
        for (int i = 0; i < convolutions.Count; i++)
            features = i == 0 ? convolutions[i].call(features) : convolutions[i].call(features.leaky_relu(NegativeSlope));
        return features;
    }
}
