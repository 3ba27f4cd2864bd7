using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks;

/// <summary>One step up: double the size, join the skip connection, if there is one, through its residual path, then a MultiRes block.</summary>
internal sealed class MultiResDecoderLevel : Module<Tensor, Tensor?, Tensor>, IOnnxDecoderLevel
{
    private readonly Module<Tensor, Tensor> up;
    private readonly ModuleList<ResidualStep> path = [];
    private readonly MultiResBlock block;

    public MultiResDecoderLevel(SpatialLayers layers, MultiResUNet3DOptions options, int level)
        : base(nameof(MultiResDecoderLevel))
    {
        long width = options.Width(level);
        up = layers.TransposedConvolution(options.BlockWidth(level + 1), width);
        if (options.HasSkip(level))
        {
            for (int poolings = options.Levels - 1 - level; poolings > 0; poolings--)
                path.Add(new ResidualStep(layers, path.Count == 0 ? options.BlockWidth(level) : width, width));
        }

        block = new MultiResBlock(layers, path.Count == 0 ? width : 2 * width, options.Filters(level));
        RegisterComponents();
    }

    public override Tensor forward(Tensor deeper, Tensor? skip)
    {
        Tensor features = up.call(deeper);
        if (skip is null)
            return block.call(features);
        Tensor joined = skip;
        foreach (ResidualStep step in path)
            joined = step.call(joined);
        return block.call(cat([features, joined], 1));
    }

    public OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue deeper, OnnxValue? skip)
    {
        OnnxValue features = graph.Apply(up, deeper);
        return graph.Apply(block, skip is null ? features : graph.Concatenate(features, path.Aggregate(skip, (joined, step) => graph.Apply(step, joined))));
    }
}
