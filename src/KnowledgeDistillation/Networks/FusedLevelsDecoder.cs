using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks;

/// <summary>
/// The decoder of U-HeMIS and U-HVED: at each step trilinear doubling, the fused features of that level, a <see cref="PreActivationBlock"/>
/// that halves its width; at last a 1×1×1 convolution without bias.
/// </summary>
internal sealed class FusedLevelsDecoder : Module<IReadOnlyList<Tensor>, Tensor>
{
    private readonly SpatialLayers _layers = new(3);
    private readonly ModuleList<PreActivationBlock> blocks = [];
    private readonly Module<Tensor, Tensor> head;

    /// <param name="widths">Channels within the block of each level, shallowest first.</param>
    /// <param name="fusedWidths">Channels of the fused features of each level.</param>
    /// <param name="outputs">Channels of the result.</param>
    public FusedLevelsDecoder(IReadOnlyList<int> widths, IReadOnlyList<int> fusedWidths, long outputs)
        : base(nameof(FusedLevelsDecoder))
    {
        int deeper = fusedWidths[^1];
        for (int level = widths.Count - 2; level >= 0; level--)
        {
            blocks.Add(new PreActivationBlock(deeper + fusedWidths[level], widths[level], widths[level] / 2));
            deeper = widths[level] / 2;
        }

        head = Conv3d(deeper, outputs, 1, bias: false);
        RegisterComponents();
    }

    public override Tensor forward(IReadOnlyList<Tensor> fused) => Run(fused, null);

    /// <summary>What <see cref="forward"/> computes, and what its blocks gave.</summary>
    public DecoderOutput RunWithFeatures(IReadOnlyList<Tensor> fused, IReadOnlyList<string> names)
    {
        var kept = new KeptFeatures(names);
        return new DecoderOutput(Run(fused, kept), kept.ByName);
    }

    /// <summary>Writes what <see cref="forward"/> computes.</summary>
    public OnnxValue WriteOnnx(OnnxGraph graph, IReadOnlyList<OnnxValue> fused)
    {
        OnnxValue features = fused[^1];
        for (int level = fused.Count - 2; level >= 0; level--)
            features = graph.Apply(blocks[fused.Count - 2 - level], graph.Concatenate(graph.DoubleSize(features), fused[level]));
        return graph.Apply(head, features);
    }

    private Tensor Run(IReadOnlyList<Tensor> fused, KeptFeatures? kept)
    {
        Tensor features = fused[^1];
        for (int level = fused.Count - 2; level >= 0; level--)
        {
            features = blocks[fused.Count - 2 - level].call(cat([_layers.DoubleSize(features), fused[level]], 1));
            kept?.Add(level, features);
        }

        return head.CallWide(features);
    }
}
