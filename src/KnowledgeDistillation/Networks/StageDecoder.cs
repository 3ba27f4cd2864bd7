using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks;

/// <summary>
/// The segmentation decoder of the networks of Chen et al. (2019) and Ding et al. (2021): at each step doubling, a unit, the features of that level,
/// a unit, a 1×1×1 unit; at last a 1×1×1 convolution.
/// </summary>
internal sealed class StageDecoder : Module<IReadOnlyList<Tensor>, Tensor>
{
    private readonly SpatialLayers _layers = new(3);
    private readonly bool _interpolates;
    private readonly ModuleList<ConvolutionUnit> up = [];
    private readonly ModuleList<ConvolutionUnit> join = [];
    private readonly ModuleList<ConvolutionUnit> leave = [];
    private readonly Module<Tensor, Tensor> head;

    /// <param name="widths">Channels of the features of each level, shallowest first.</param>
    /// <param name="outputs">Channels of the result.</param>
    /// <param name="interpolates">Whether a doubling is trilinear; otherwise it repeats voxels.</param>
    public StageDecoder(IReadOnlyList<int> widths, long outputs, bool interpolates)
        : base(nameof(StageDecoder))
    {
        _interpolates = interpolates;
        for (int level = widths.Count - 2; level >= 0; level--)
        {
            up.Add(StageUnit.Make(widths[level + 1], widths[level]));
            join.Add(StageUnit.Make(2 * widths[level], widths[level]));
            leave.Add(StageUnit.Make(widths[level], widths[level], kernel: 1));
        }

        head = Conv3d(widths[0], outputs, 1);
        RegisterComponents();
    }

    public override Tensor forward(IReadOnlyList<Tensor> skips) => Run(skips, null);

    /// <summary>What <see cref="forward"/> computes, and what its steps gave.</summary>
    public DecoderOutput RunWithFeatures(IReadOnlyList<Tensor> skips, IReadOnlyList<string> names)
    {
        var kept = new KeptFeatures(names);
        return new DecoderOutput(Run(skips, kept), kept.ByName);
    }

    /// <summary>Writes what <see cref="forward"/> computes.</summary>
    public OnnxValue WriteOnnx(OnnxGraph graph, IReadOnlyList<OnnxValue> skips)
    {
        OnnxValue features = skips[^1];
        for (int step = 0; step < up.Count; step++)
        {
            OnnxValue raised = graph.Apply(up[step], _interpolates ? graph.DoubleSize(features) : graph.RepeatVoxels(features));
            features = graph.Apply(leave[step], graph.Apply(join[step], graph.Concatenate(raised, skips[skips.Count - 2 - step])));
        }

        return graph.Apply(head, features);
    }

    private Tensor Run(IReadOnlyList<Tensor> skips, KeptFeatures? kept)
    {
        Tensor features = skips[^1];
        for (int step = 0; step < up.Count; step++)
        {
            int level = skips.Count - 2 - step;
            Tensor raised = up[step].call(_interpolates ? _layers.DoubleSize(features) : _layers.RepeatVoxels(features));
            features = leave[step].call(join[step].call(cat([raised, skips[level]], 1)));
            kept?.Add(level, features);
        }

        return head.CallWide(features);
    }
}
