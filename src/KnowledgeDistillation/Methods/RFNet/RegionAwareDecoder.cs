using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Methods.RFNet;

/// <summary>
/// Fuses and decodes from the deepest level upwards: probability maps, region-aware fusion, and above the deepest level a unit over the fused and the decoder's
/// features and a 1×1×1 unit; then trilinear doubling and a unit to the width of the next level.
/// </summary>
internal sealed class RegionAwareDecoder : Module<IReadOnlyList<IReadOnlyList<Tensor?>>, RegionAwareDecoding>
{
    private readonly SpatialLayers _layers = new(3);
    private readonly bool _sigmoidMaps;
    private readonly ModuleList<ProbabilityMaps> maps = [];
    private readonly ModuleList<RegionAwareFusion> fusions = [];
    private readonly ModuleList<ConvolutionUnit> up = [];
    private readonly ModuleList<ConvolutionUnit> join = [];
    private readonly ModuleList<ConvolutionUnit> leave = [];

    public RegionAwareDecoder(IReadOnlyList<int> widths, int modalities, int regions, bool sigmoidMaps)
        : base(nameof(RegionAwareDecoder))
    {
        _sigmoidMaps = sigmoidMaps;
        for (int level = 0; level < widths.Count; level++)
        {
            bool deepest = level == widths.Count - 1;
            maps.Add(new ProbabilityMaps(modalities, widths[level], regions, seesDecoder: !deepest));
            fusions.Add(new RegionAwareFusion(modalities, widths[level], regions));
            if (deepest)
                continue;
            up.Add(StageUnit.Make(widths[level + 1], widths[level]));
            join.Add(StageUnit.Make(2 * widths[level], widths[level]));
            leave.Add(StageUnit.Make(widths[level], widths[level], kernel: 1));
        }

        RegisterComponents();
    }

    /// <param name="features">By level, shallowest first, the features of each modality; null where it is missing.</param>
    public override RegionAwareDecoding forward(IReadOnlyList<IReadOnlyList<Tensor?>> features)
    {
        var fused = new Tensor[features.Count];
        var logits = new Tensor[features.Count];
        var decoded = new Tensor[features.Count];
        for (int level = features.Count - 1; level >= 0; level--)
        {
            Tensor? raised = level == features.Count - 1 ? null : up[level].call(_layers.DoubleSize(decoded[level + 1]));
            logits[level] = maps[level].call(Absent.Concatenated(features[level]), raised);
            // The maps say where a region is; what they should say they learn from the reference alone.
            Tensor known = logits[level].detach();
            fused[level] = fusions[level].call(features[level], _sigmoidMaps ? known.sigmoid() : functional.softmax(known, 1));
            decoded[level] = raised is null ? fused[level] : leave[level].call(join[level].call(cat([fused[level], raised], 1)));
        }

        return new RegionAwareDecoding(fused, logits, decoded);
    }

    /// <summary>Writes the features that <see cref="forward"/> decodes.</summary>
    public OnnxValue WriteOnnx(OnnxGraph graph, IReadOnlyList<IReadOnlyList<OnnxValue?>> features)
    {
        OnnxValue? decoded = null;
        for (int level = features.Count - 1; level >= 0; level--)
        {
            OnnxValue? raised = decoded is null ? null : graph.Apply(up[level], graph.DoubleSize(decoded));
            OnnxValue logits = maps[level].WriteOnnx(graph, Absent.WriteOnnx(graph, features[level]), raised);
            OnnxValue probabilities = _sigmoidMaps ? graph.Add("Sigmoid", [logits]) : graph.Add("Softmax", [logits], ("axis", 1L));
            OnnxValue fused = fusions[level].WriteOnnx(graph, features[level], probabilities);
            decoded = raised is null ? fused : graph.Apply(leave[level], graph.Apply(join[level], graph.Concatenate(fused, raised)));
        }

        return decoded!;
    }
}
