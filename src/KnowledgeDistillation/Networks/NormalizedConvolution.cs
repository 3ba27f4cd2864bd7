using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks;

/// <summary>A convolution followed by batch norm, which makes a bias needless.</summary>
internal sealed class NormalizedConvolution : Module<Tensor, Tensor>, IOnnxLayer
{
    private readonly Module<Tensor, Tensor> convolution;
    private readonly Module<Tensor, Tensor> norm;

    public NormalizedConvolution(SpatialLayers layers, long inputs, long outputs, long kernel)
        : base(nameof(NormalizedConvolution))
    {
        convolution = layers.Convolution(inputs, outputs, kernel, bias: false);
        norm = layers.BatchNorm(outputs);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => norm.call(convolution.call(input));

    public OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue input) => graph.Apply(norm, graph.Apply(convolution, input));
}
