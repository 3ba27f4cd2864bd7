using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Methods.DisentangledFusion;

/// <summary>
/// The content encoder of one modality: at each level three units, the first of stride 2 below the shallowest, and the first's output added to the third's.
/// </summary>
internal sealed class ContentEncoder : Module<Tensor, IReadOnlyList<Tensor>>
{
    private readonly ModuleList<ConvolutionUnit> enter = [];
    private readonly ModuleList<ConvolutionUnit> first = [];
    private readonly ModuleList<ConvolutionUnit> second = [];

    public ContentEncoder(IReadOnlyList<int> widths)
        : base(nameof(ContentEncoder))
    {
        for (int level = 0; level < widths.Count; level++)
        {
            enter.Add(ContentUnit.Make(level == 0 ? 1 : widths[level - 1], widths[level], stride: level == 0 ? 1 : 2));
            first.Add(ContentUnit.Make(widths[level], widths[level]));
            second.Add(ContentUnit.Make(widths[level], widths[level]));
        }

        RegisterComponents();
    }

    /// <summary>The content code of every level, shallowest first.</summary>
    public override IReadOnlyList<Tensor> forward(Tensor image)
    {
        var contents = new Tensor[enter.Count];
        for (int level = 0; level < contents.Length; level++)
        {
            Tensor entered = enter[level].call(level == 0 ? image : contents[level - 1]);
            contents[level] = entered.Plus(second[level].call(first[level].call(entered)));
        }

        return contents;
    }

    /// <summary>Writes what <see cref="forward"/> computes.</summary>
    public OnnxValue[] WriteOnnx(OnnxGraph graph, OnnxValue image)
    {
        var contents = new OnnxValue[enter.Count];
        for (int level = 0; level < contents.Length; level++)
        {
            OnnxValue entered = graph.Apply(enter[level], level == 0 ? image : contents[level - 1]);
            contents[level] = graph.Plus(entered, graph.Apply(second[level], graph.Apply(first[level], entered)));
        }

        return contents;
    }
}
