using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks.Layers;

/// <summary>A convolution that keeps the size but for its stride, instance norm with learned scale and offset, leaky ReLU.</summary>
internal sealed class ConvolutionUnit : Module<Tensor, Tensor>, IOnnxLayer
{
    private readonly double _negativeSlope;
    private readonly Module<Tensor, Tensor> convolution;
    private readonly Module<Tensor, Tensor> norm;

    public ConvolutionUnit(long inputs, long outputs, long[] kernel, long[] stride, bool bias, double negativeSlope)
        : base(nameof(ConvolutionUnit))
    {
        _negativeSlope = negativeSlope;
        convolution = new Convolution(inputs, outputs, kernel, stride, [.. kernel.Select(length => length / 2)], bias);
        norm = new InstanceNorm(outputs);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using Tensor convolved = convolution.call(input);
        return norm.call(convolved).LeakyReluInPlace(_negativeSlope);
    }

    public OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue input) => graph.LeakyRelu(graph.Apply(norm, graph.Apply(convolution, input)), _negativeSlope);
}
