using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Methods.RFNet;

/// <summary>
/// Estimates where each region lies, from the features of all modalities of a level and, above the deepest, from what the decoder made of the level below:
/// three units (1×1×1 to a quarter of the width, 3×3×3, 1×1×1 back to it), the decoder's features, a 1×1×1 unit of 16 channels, a 1×1×1 convolution.
/// </summary>
internal sealed class ProbabilityMaps : Module<Tensor, Tensor?, Tensor>
{
    private const int HiddenWidth = 16;

    private readonly ModuleList<ConvolutionUnit> embed = [];
    private readonly ConvolutionUnit hidden;
    private readonly Module<Tensor, Tensor> head;

    /// <param name="modalities">Number of modalities.</param>
    /// <param name="width">Channels of the features of each, and of the decoder's.</param>
    /// <param name="regions">Number of regions.</param>
    /// <param name="seesDecoder">Whether the decoder's features are there.</param>
    public ProbabilityMaps(int modalities, int width, int regions, bool seesDecoder)
        : base(nameof(ProbabilityMaps))
    {
        int narrow = Math.Max(1, width / 4);
        embed.Add(StageUnit.Make(modalities * width, narrow, kernel: 1));
        embed.Add(StageUnit.Make(narrow, narrow));
        embed.Add(StageUnit.Make(narrow, width, kernel: 1));
        hidden = StageUnit.Make(seesDecoder ? 2 * width : width, HiddenWidth, kernel: 1);
        head = Conv3d(HiddenWidth, regions, 1);
        RegisterComponents();
    }

    /// <param name="features">The features of all modalities, [N, modalities · width, D, H, W]; zeros where one is missing.</param>
    /// <param name="decoded">The decoder's features [N, width, D, H, W]; null at the deepest level.</param>
    /// <returns>Raw logits [N, regions, D, H, W].</returns>
    public override Tensor forward(Tensor features, Tensor? decoded)
    {
        Tensor embedded = embed.Aggregate(features, (value, unit) => unit.call(value));
        return head.CallWide(hidden.call(decoded is null ? embedded : cat([decoded, embedded], 1)));
    }

    /// <summary>Writes what <see cref="forward"/> computes.</summary>
    public OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue features, OnnxValue? decoded)
    {
        OnnxValue embedded = embed.Aggregate(features, (value, unit) => graph.Apply(unit, value));
        return graph.Apply(head, graph.Apply(hidden, decoded is null ? embedded : graph.Concatenate(decoded, embedded)));
    }
}
