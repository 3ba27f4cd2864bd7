using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Methods.MmFormer;

/// <summary>
/// The inter-modal transformer (Zhang et al. 2022): one block relates the tokens of all modalities that are there; a 1×1×1 convolution makes features of them,
/// with zeros in the place of modalities that are missing.
/// </summary>
internal sealed class ModalityCorrelation : Module<IReadOnlyList<Tensor?>, IReadOnlyList<Tensor?>, long[], Tensor>
{
    private readonly TransformerBlock transformer;
    private readonly Convolution join;

    /// <param name="modalities">Number of modalities.</param>
    /// <param name="width">Channels of the deepest features of each.</param>
    /// <param name="options">How to build the transformer.</param>
    public ModalityCorrelation(int modalities, int width, MmFormer3DOptions options)
        : base(nameof(ModalityCorrelation))
    {
        transformer = new TransformerBlock(options.TokenWidth, MmFormer3DOptions.Heads, options.Dropout);
        // No bias, because the norm that follows would remove it.
        join = new Convolution(3, modalities * options.TokenWidth, modalities * width, 1, bias: false);
        RegisterComponents();
    }

    /// <param name="tokens">The tokens [N, D · H · W, token width] of each modality, null where it is missing; at least one is there.</param>
    /// <param name="positions">The vectors of their places, [1, D · H · W, token width], null where the modality is missing.</param>
    /// <param name="size">[D, H, W].</param>
    /// <returns>Features of all modalities [N, modalities · width, D, H, W].</returns>
    public override Tensor forward(IReadOnlyList<Tensor?> tokens, IReadOnlyList<Tensor?> positions, long[] size)
    {
        Tensor[] present = [.. tokens.OfType<Tensor>()];
        Tensor related = transformer.call(cat(present, 1), cat([.. positions.OfType<Tensor>()], 1));
        Tensor[] parts = related.chunk(present.Length, 1);
        Tensor none = zeros_like(parts[0]);
        int next = 0;
        Tensor[] all = [.. tokens.Select(modality => Tokens.ToGrid(modality is null ? none : parts[next++], size))];
        return join.call(cat(all, 1));
    }

    /// <summary>Writes what <see cref="forward"/> computes.</summary>
    /// <param name="graph">Takes the operations.</param>
    /// <param name="modalities">The tokens of each modality, the grid that they were made of, and the vectors
    /// of their places; null where it is missing.</param>
    public OnnxValue WriteOnnx(OnnxGraph graph, IReadOnlyList<(OnnxValue Tokens, OnnxValue Grid, OnnxValue Positions)?> modalities)
    {
        (OnnxValue Tokens, OnnxValue Grid, OnnxValue Positions)[] present = [.. modalities.OfType<(OnnxValue, OnnxValue, OnnxValue)>()];
        OnnxValue related = transformer.WriteOnnx(
            graph,
            graph.Concatenate([.. present.Select(modality => modality.Tokens)]),
            graph.Concatenate([.. present.Select(modality => modality.Positions)]));
        IReadOnlyList<OnnxValue> parts = graph.Split(related, present.Length);
        OnnxValue none = graph.Times(present[0].Grid, graph.Scalar(0));
        int next = 0;
        OnnxValue[] all = [.. modalities.Select(modality => modality is null ? none : Tokens.WriteGrid(graph, parts[next++], modality.Value.Grid))];
        return graph.Apply(join, graph.Concatenate(all));
    }
}
