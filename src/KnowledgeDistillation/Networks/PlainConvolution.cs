using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks;

/// <summary>A convolution, instance norm with learned scale and offset, leaky ReLU 0.01: the unit of <see cref="PlainConvUNet"/>.</summary>
internal sealed class PlainConvolution : Module<Tensor, Tensor>, IOnnxLayer
{
    private const double Slope = 0.01;

    // Kept alive on purpose: see ConvolutionBlock.
    private static readonly Scalar NegativeSlope = Slope;

    private readonly Module<Tensor, Tensor> convolution;
    private readonly Module<Tensor, Tensor> norm;

    public PlainConvolution(long inputs, long outputs, long[] kernel, long[] stride, bool bias)
        : base(nameof(PlainConvolution))
    {
        convolution = new Convolution(inputs, outputs, kernel, stride, [.. kernel.Select(length => length / 2)], bias);
        norm = new InstanceNorm(outputs);
        RegisterComponents();
    }

    /// <summary>Several of them, the first with a stride.</summary>
    public static Module<Tensor, Tensor> Stack(int count, long inputs, long outputs, long[] kernel, long[] stride, bool bias) => Sequential(
        Enumerable.Range(0, count).Select(number => (Module<Tensor, Tensor>)(number == 0
            ? new PlainConvolution(inputs, outputs, kernel, stride, bias)
            : new PlainConvolution(outputs, outputs, kernel, [.. stride.Select(_ => 1L)], bias))));

    public override Tensor forward(Tensor input) => norm.call(convolution.call(input)).leaky_relu_(NegativeSlope);

    public OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue input) => graph.LeakyRelu(graph.Apply(norm, graph.Apply(convolution, input)), Slope);
}
