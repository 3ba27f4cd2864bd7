using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks;

/// <summary>The MultiRes block: a chain of three convolutions whose outputs together see neighborhoods of 3, 5 and 7 voxels, beside a shortcut.</summary>
internal sealed class MultiResBlock : Module<Tensor, Tensor>, IOnnxLayer
{
    private readonly NormalizedConvolution shortcut;
    private readonly NormalizedConvolution convolution1;
    private readonly NormalizedConvolution convolution2;
    private readonly NormalizedConvolution convolution3;
    private readonly Module<Tensor, Tensor> norm1;
    private readonly Module<Tensor, Tensor> norm2;

    public MultiResBlock(SpatialLayers layers, long inputs, (int First, int Second, int Third) filters)
        : base(nameof(MultiResBlock))
    {
        long outputs = filters.First + filters.Second + filters.Third;
        shortcut = new NormalizedConvolution(layers, inputs, outputs, 1);
        convolution1 = new NormalizedConvolution(layers, inputs, filters.First, 3);
        convolution2 = new NormalizedConvolution(layers, filters.First, filters.Second, 3);
        convolution3 = new NormalizedConvolution(layers, filters.Second, filters.Third, 3);
        norm1 = layers.BatchNorm(outputs);
        norm2 = layers.BatchNorm(outputs);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        Tensor first = convolution1.call(input).relu_();
        Tensor second = convolution2.call(first).relu_();
        Tensor third = convolution3.call(second).relu_();
        Tensor joined = norm1.call(cat([first, second, third], 1));
        return norm2.call(joined.Plus(shortcut.call(input)).relu_());
    }

    public OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue input)
    {
        OnnxValue first = graph.Relu(graph.Apply(convolution1, input));
        OnnxValue second = graph.Relu(graph.Apply(convolution2, first));
        OnnxValue third = graph.Relu(graph.Apply(convolution3, second));
        OnnxValue joined = graph.Apply(norm1, graph.Concatenate(first, second, third));
        return graph.Apply(norm2, graph.Relu(graph.Plus(joined, graph.Apply(shortcut, input))));
    }
}
