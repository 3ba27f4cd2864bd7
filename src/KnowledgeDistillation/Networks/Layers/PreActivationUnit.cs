using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks.Layers;

/// <summary>Instance norm with learned scale and offset, leaky ReLU, a convolution without bias that keeps the size but for its stride.</summary>
internal sealed class PreActivationUnit : Module<Tensor, Tensor>, IOnnxLayer
{
    private readonly double _negativeSlope;
    private readonly Module<Tensor, Tensor> norm;
    private readonly Module<Tensor, Tensor> convolution;

    public PreActivationUnit(long inputs, long outputs, long kernel, double negativeSlope, long stride = 1)
        : base(nameof(PreActivationUnit))
    {
        _negativeSlope = negativeSlope;
        norm = new InstanceNorm(inputs);
        convolution = new Convolution(3, inputs, outputs, kernel, stride, bias: false);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using Tensor activated = norm.call(input).LeakyReluInPlace(_negativeSlope);
        return convolution.call(activated);
    }

    public OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue input) => graph.Apply(convolution, graph.LeakyRelu(graph.Apply(norm, input), _negativeSlope));
}
