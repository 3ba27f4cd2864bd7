using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Methods.MmFormer;

/// <summary>
/// The decoder of an <see cref="MmFormer3D"/> without its last convolution: at each step trilinear doubling, a unit, the features of that level,
/// a unit, a 1×1×1 unit.
/// </summary>
internal sealed class PreActivationDecoder : Module<IReadOnlyList<Tensor>, IReadOnlyList<Tensor>>
{
    private readonly SpatialLayers _layers = new(3);
    private readonly ModuleList<PreActivationUnit> up = [];
    private readonly ModuleList<PreActivationUnit> join = [];
    private readonly ModuleList<PreActivationUnit> leave = [];

    public PreActivationDecoder(IReadOnlyList<int> widths)
        : base(nameof(PreActivationDecoder))
    {
        for (int level = 0; level < widths.Count - 1; level++)
        {
            up.Add(MmFormerUnit.Make(widths[level + 1], widths[level]));
            join.Add(MmFormerUnit.Make(2 * widths[level], widths[level]));
            leave.Add(MmFormerUnit.Make(widths[level], widths[level], kernel: 1));
        }

        RegisterComponents();
    }

    /// <param name="features">The features of every level, shallowest first.</param>
    /// <returns>What was made of each level, shallowest first; of the deepest it is what was given.</returns>
    public override IReadOnlyList<Tensor> forward(IReadOnlyList<Tensor> features)
    {
        Tensor[] decoded = [.. features];
        for (int level = features.Count - 2; level >= 0; level--)
        {
            Tensor raised = up[level].call(_layers.DoubleSize(decoded[level + 1]));
            decoded[level] = leave[level].call(join[level].call(cat([features[level], raised], 1)));
        }

        return decoded;
    }

    /// <summary>Writes what <see cref="forward"/> makes of the shallowest level.</summary>
    public OnnxValue WriteOnnx(OnnxGraph graph, IReadOnlyList<OnnxValue> features)
    {
        OnnxValue decoded = features[^1];
        for (int level = features.Count - 2; level >= 0; level--)
        {
            OnnxValue raised = graph.Apply(up[level], graph.DoubleSize(decoded));
            decoded = graph.Apply(leave[level], graph.Apply(join[level], graph.Concatenate(features[level], raised)));
        }

        return decoded;
    }
}
