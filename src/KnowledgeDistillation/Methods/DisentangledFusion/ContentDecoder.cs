using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Methods.DisentangledFusion;

/// <summary>
/// The segmentation decoder of <see cref="DisentangledFusionNet3D"/>: at each step doubling by repetition, a unit, the fused content of that level,
/// a unit, a 1×1×1 unit; at last a 1×1×1 convolution.
/// </summary>
internal sealed class ContentDecoder : Module<IReadOnlyList<Tensor>, Tensor>
{
    private readonly SpatialLayers _layers = new(3);
    private readonly ModuleList<ConvolutionUnit> up = [];
    private readonly ModuleList<ConvolutionUnit> join = [];
    private readonly ModuleList<ConvolutionUnit> leave = [];
    private readonly Module<Tensor, Tensor> head;

    public ContentDecoder(IReadOnlyList<int> widths, long outputs)
        : base(nameof(ContentDecoder))
    {
        for (int level = widths.Count - 2; level >= 0; level--)
        {
            up.Add(ContentUnit.Make(widths[level + 1], widths[level]));
            join.Add(ContentUnit.Make(2 * widths[level], widths[level]));
            leave.Add(ContentUnit.Make(widths[level], widths[level], kernel: 1));
        }

        head = Conv3d(widths[0], outputs, 1);
        RegisterComponents();
    }

    public override Tensor forward(IReadOnlyList<Tensor> contents) => Run(contents, null);

    /// <summary>What <see cref="forward"/> computes, and what its steps gave.</summary>
    public DecoderOutput RunWithFeatures(IReadOnlyList<Tensor> contents, IReadOnlyList<string> names)
    {
        var kept = new KeptFeatures(names);
        return new DecoderOutput(Run(contents, kept), kept.ByName);
    }

    /// <summary>Writes what <see cref="forward"/> computes.</summary>
    public OnnxValue WriteOnnx(OnnxGraph graph, IReadOnlyList<OnnxValue> contents)
    {
        OnnxValue features = contents[^1];
        for (int step = 0; step < up.Count; step++)
        {
            OnnxValue raised = graph.Apply(up[step], graph.RepeatVoxels(features));
            features = graph.Apply(leave[step], graph.Apply(join[step], graph.Concatenate(raised, contents[contents.Count - 2 - step])));
        }

        return graph.Apply(head, features);
    }

    private Tensor Run(IReadOnlyList<Tensor> contents, KeptFeatures? kept)
    {
        Tensor features = contents[^1];
        for (int step = 0; step < up.Count; step++)
        {
            int level = contents.Count - 2 - step;
            Tensor raised = up[step].call(_layers.RepeatVoxels(features));
            features = leave[step].call(join[step].call(cat([raised, contents[level]], 1)));
            kept?.Add(level, features);
        }

        return head.CallWide(features);
    }
}
