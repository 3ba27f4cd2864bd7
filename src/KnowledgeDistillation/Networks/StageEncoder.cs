using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks;

/// <summary>
/// The encoder of one modality in the networks of Chen et al. (2019) and Ding et al. (2021): at each level three units, the first of stride 2 below the
/// shallowest, and the first's output added to the third's.
/// </summary>
internal sealed class StageEncoder : Module<Tensor, IReadOnlyList<Tensor>>
{
    private readonly ModuleList<ConvolutionUnit> enter = [];
    private readonly ModuleList<ConvolutionUnit> first = [];
    private readonly ModuleList<ConvolutionUnit> second = [];

    public StageEncoder(IReadOnlyList<int> widths)
        : base(nameof(StageEncoder))
    {
        for (int level = 0; level < widths.Count; level++)
        {
            enter.Add(StageUnit.Make(level == 0 ? 1 : widths[level - 1], widths[level], stride: level == 0 ? 1 : 2));
            first.Add(StageUnit.Make(widths[level], widths[level]));
            second.Add(StageUnit.Make(widths[level], widths[level]));
        }

        RegisterComponents();
    }

    /// <summary>The features of every level, shallowest first.</summary>
    public override IReadOnlyList<Tensor> forward(Tensor image)
    {
        var features = new Tensor[enter.Count];
        for (int level = 0; level < features.Length; level++)
        {
            Tensor entered = enter[level].call(level == 0 ? image : features[level - 1]);
            features[level] = entered.Plus(second[level].call(first[level].call(entered)));
        }

        return features;
    }

    /// <summary>Writes what <see cref="forward"/> computes.</summary>
    public OnnxValue[] WriteOnnx(OnnxGraph graph, OnnxValue image)
    {
        var features = new OnnxValue[enter.Count];
        for (int level = 0; level < features.Length; level++)
        {
            OnnxValue entered = graph.Apply(enter[level], level == 0 ? image : features[level - 1]);
            features[level] = graph.Plus(entered, graph.Apply(second[level], graph.Apply(first[level], entered)));
        }

        return features;
    }
}
