using KnowledgeDistillation.Onnx;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks.Layers;

/// <summary>Two convolutions of size 3, each followed by instance norm and leaky ReLU 0.01.</summary>
internal sealed class ConvolutionBlock : Module<Tensor, Tensor>, IOnnxLayer
{
    private const double Slope = 0.01;

    // Kept alive on purpose: the operation copies its whole input before it reads the number, and meanwhile the collector may free one that nothing holds.
    private static readonly Scalar NegativeSlope = Slope;

    private readonly Module<Tensor, Tensor> convolution1;
    private readonly Module<Tensor, Tensor> norm1;
    private readonly Module<Tensor, Tensor> convolution2;
    private readonly Module<Tensor, Tensor> norm2;

    public ConvolutionBlock(SpatialLayers layers, long inputs, long outputs)
        : base(nameof(ConvolutionBlock))
    {
        convolution1 = layers.Convolution(inputs, outputs, 3);
        norm1 = new InstanceNorm(outputs);
        convolution2 = layers.Convolution(outputs, outputs, 3);
        norm2 = new InstanceNorm(outputs);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using Tensor middle = Unit(input, convolution1, norm1);
        return Unit(middle, convolution2, norm2);
    }

    public OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue input)
    {
        return Unit(Unit(input, convolution1, norm1), convolution2, norm2);

        OnnxValue Unit(OnnxValue value, Module<Tensor, Tensor> convolution, Module<Tensor, Tensor> norm) =>
            graph.LeakyRelu(graph.Apply(norm, graph.Apply(convolution, value)), Slope);
    }

    // What only the backward pass still needs is disposed: the graph holds its own reference.
    private static Tensor Unit(Tensor input, Module<Tensor, Tensor> convolution, Module<Tensor, Tensor> norm)
    {
        using Tensor convolved = convolution.call(input);
        return norm.call(convolved).leaky_relu_(NegativeSlope);
    }
}
