using KnowledgeDistillation.Onnx;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks.Layers;

/// <summary>Twice instance norm with learned scale and offset, leaky ReLU 0.01 and a 3×3×3 convolution without bias: the block of U-HeMIS and U-HVED.</summary>
internal sealed class PreActivationBlock : Module<Tensor, Tensor>, IOnnxLayer
{
    private const double Slope = 0.01;

    // Kept alive on purpose: see ConvolutionBlock.
    private static readonly Scalar NegativeSlope = Slope;

    private readonly Module<Tensor, Tensor> norm1;
    private readonly Module<Tensor, Tensor> convolution1;
    private readonly Module<Tensor, Tensor> norm2;
    private readonly Module<Tensor, Tensor> convolution2;

    public PreActivationBlock(long inputs, long middle, long outputs)
        : base(nameof(PreActivationBlock))
    {
        norm1 = new InstanceNorm(inputs);
        convolution1 = new Convolution(3, inputs, middle, 3, bias: false);
        norm2 = new InstanceNorm(middle);
        convolution2 = new Convolution(3, middle, outputs, 3, bias: false);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        Tensor middle = convolution1.call(norm1.call(input).leaky_relu_(NegativeSlope));
        return convolution2.call(norm2.call(middle).leaky_relu_(NegativeSlope));
    }

    public OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue input)
    {
        OnnxValue middle = graph.Apply(convolution1, graph.LeakyRelu(graph.Apply(norm1, input), Slope));
        return graph.Apply(convolution2, graph.LeakyRelu(graph.Apply(norm2, middle), Slope));
    }
}
