using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Methods.DisentangledFusion;

/// <summary>
/// The gated fusion of one level (Chen et al. 2019): from the concatenated content codes of all modalities a 3×3×3 convolution and a sigmoid make one gate map
/// per modality; each code is multiplied by its gate; a 1×1×1 unit makes one code of them all. A missing modality's code is zero, so its gate has no effect.
/// </summary>
internal sealed class GatedFusion : Module<IReadOnlyList<Tensor?>, Tensor>
{
    private readonly Module<Tensor, Tensor> gates;
    private readonly ConvolutionUnit join;

    public GatedFusion(int modalities, int width)
        : base(nameof(GatedFusion))
    {
        gates = new Convolution(3, modalities * width, modalities, 3);
        join = StageUnit.Make(modalities * width, width, kernel: 1);
        RegisterComponents();
    }

    /// <param name="contents">The content code of each modality, null where it is missing; at least one is there.</param>
    public override Tensor forward(IReadOnlyList<Tensor?> contents)
    {
        Tensor present = contents.First(content => content is not null)!;
        Tensor[] codes = [.. contents.Select(content => content ?? zeros_like(present))];
        Tensor[] maps = gates.call(cat(codes, 1)).sigmoid().split(1, 1);
        return join.call(cat([.. codes.Zip(maps, (code, map) => code * map)], 1));
    }

    /// <summary>Writes what <see cref="forward"/> computes.</summary>
    public OnnxValue WriteOnnx(OnnxGraph graph, IReadOnlyList<OnnxValue?> contents)
    {
        OnnxValue zeros = graph.Times(contents.First(content => content is not null)!, graph.Scalar(0));
        OnnxValue[] codes = [.. contents.Select(content => content ?? zeros)];
        IReadOnlyList<OnnxValue> maps = graph.Split(graph.Add("Sigmoid", [graph.Apply(gates, graph.Concatenate(codes))]), codes.Length);
        return graph.Apply(join, graph.Concatenate([.. codes.Zip(maps, graph.Times)]));
    }
}
