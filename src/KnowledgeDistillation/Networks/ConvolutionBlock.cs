using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks;

/// <summary>Two convolutions of size 3, each followed by instance norm and leaky ReLU 0.01.</summary>
internal sealed class ConvolutionBlock : Module<Tensor, Tensor>
{
    // Kept alive on purpose: the operation copies its whole input before it reads the number, time enough for the collector to free one that nothing holds.
    private static readonly Scalar NegativeSlope = 0.01;

    private readonly Module<Tensor, Tensor> convolution1;
    private readonly Module<Tensor, Tensor> norm1;
    private readonly Module<Tensor, Tensor> convolution2;
    private readonly Module<Tensor, Tensor> norm2;

    public ConvolutionBlock(SpatialLayers layers, long inputs, long outputs)
        : base(nameof(ConvolutionBlock))
    {
        convolution1 = layers.Convolution(inputs, outputs, 3);
        norm1 = layers.InstanceNorm(outputs);
        convolution2 = layers.Convolution(outputs, outputs, 3);
        norm2 = layers.InstanceNorm(outputs);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        Tensor middle = Activate(norm1.call(convolution1.call(input)));
        return Activate(norm2.call(convolution2.call(middle)));
    }

    private static Tensor Activate(Tensor input) => input.leaky_relu_(NegativeSlope);
}
