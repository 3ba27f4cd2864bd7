using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Convolution = KnowledgeDistillation.Networks.Layers.Convolution;

namespace KnowledgeDistillation.Methods.MmFormer;

/// <summary>
/// The encoder of one modality (Zhang et al. 2022): at each level three units, the first of stride 2 below the shallowest and a mere convolution at the
/// shallowest, and the first's output added to the third's; then a 1×1×1 convolution makes tokens of the deepest features, and a transformer relates them.
/// </summary>
internal sealed class HybridEncoder : Module<Tensor, IReadOnlyList<Tensor>>
{
    private readonly ModuleList<Module<Tensor, Tensor>> enter = [];
    private readonly ModuleList<PreActivationUnit> first = [];
    private readonly ModuleList<PreActivationUnit> second = [];
    private readonly Convolution embed;
    private readonly PositionEmbedding positions;
    private readonly TransformerBlock transformer;

    public HybridEncoder(IReadOnlyList<int> widths, MmFormer3DOptions options)
        : base(nameof(HybridEncoder))
    {
        for (int level = 0; level < widths.Count; level++)
        {
            // No bias, because what the next norm or the bias of the tokens' convolution does would undo it.
            enter.Add(level == 0 ? new Convolution(3, 1, widths[0], 3, bias: false) : MmFormerUnit.Make(widths[level - 1], widths[level], stride: 2));
            first.Add(MmFormerUnit.Make(widths[level], widths[level]));
            second.Add(MmFormerUnit.Make(widths[level], widths[level]));
        }

        embed = new Convolution(3, widths[^1], options.TokenWidth, 1);
        positions = new PositionEmbedding(options.TokenWidth, MmFormer3DOptions.PositionGrid);
        transformer = new TransformerBlock(options.TokenWidth, MmFormer3DOptions.Heads, options.Dropout);
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

    /// <summary>The tokens [N, D · H · W, width] of the deepest features [N, C, D, H, W], related to each other.</summary>
    public Tensor TokensOf(Tensor deepest) => transformer.call(Tokens.Of(embed.call(deepest)), PositionsFor(deepest.shape[2..]));

    /// <summary>The vectors of the places of a grid, [1, D · H · W, width].</summary>
    public Tensor PositionsFor(long[] size) => positions.call(size);

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

    /// <summary>Writes the tokens of the deepest features, with the grid that they were made of and the vectors of its places.</summary>
    public (OnnxValue Tokens, OnnxValue Grid, OnnxValue Positions) WriteTokens(OnnxGraph graph, OnnxValue deepest)
    {
        OnnxValue grid = graph.Apply(embed, deepest), places = positions.WriteOnnx(graph, deepest);
        return (transformer.WriteOnnx(graph, Tokens.WriteOnnx(graph, grid), places), grid, places);
    }
}
