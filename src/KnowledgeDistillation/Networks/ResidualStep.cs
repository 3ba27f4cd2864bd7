using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks;

/// <summary>One step of a residual path: a convolution of size 3 beside a shortcut of size 1.</summary>
internal sealed class ResidualStep : Module<Tensor, Tensor>, IOnnxLayer
{
    private readonly NormalizedConvolution shortcut;
    private readonly NormalizedConvolution convolution;
    private readonly Module<Tensor, Tensor> norm;

    public ResidualStep(SpatialLayers layers, long inputs, long outputs)
        : base(nameof(ResidualStep))
    {
        shortcut = new NormalizedConvolution(layers, inputs, outputs, 1);
        convolution = new NormalizedConvolution(layers, inputs, outputs, 3);
        norm = layers.BatchNorm(outputs);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => norm.call(convolution.call(input).relu_().Plus(shortcut.call(input)).relu_());

    public OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue input) =>
        graph.Apply(norm, graph.Relu(graph.Plus(graph.Relu(graph.Apply(convolution, input)), graph.Apply(shortcut, input))));
}
