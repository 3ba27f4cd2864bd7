using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Methods.MmFormer;

/// <summary>
/// One block of a transformer (Zhang et al. 2022): positions are added to the tokens; x + attention(norm(x)); x + perceptron(norm(x)), the perceptron
/// having eight times as many hidden numbers and GELU.
/// </summary>
internal sealed class TransformerBlock : Module<Tensor, Tensor, Tensor>
{
    private const int Expansion = 8;

    private readonly int _width;
    private readonly double _dropout;
    private readonly LayerNorm norm1;
    private readonly SelfAttention attention;
    private readonly LayerNorm norm2;
    private readonly DenseLayer widen;
    private readonly DenseLayer narrow;

    public TransformerBlock(int width, int heads, double dropout)
        : base(nameof(TransformerBlock))
    {
        (_width, _dropout) = (width, dropout);
        norm1 = new LayerNorm(width);
        attention = new SelfAttention(width, heads, dropout);
        norm2 = new LayerNorm(width);
        widen = new DenseLayer(width, Expansion * width);
        narrow = new DenseLayer(Expansion * width, width);
        RegisterComponents();
    }

    /// <param name="tokens">[N, tokens, width].</param>
    /// <param name="positions">[1, tokens, width].</param>
    /// <returns>[N, tokens, width], float32.</returns>
    public override Tensor forward(Tensor tokens, Tensor positions)
    {
        Tensor placed = ReducedPrecision.Widen(tokens).Plus(positions);
        Tensor attended = placed.Plus(Dropped(ReducedPrecision.Widen(attention.call(norm1.call(placed)))));
        Tensor hidden = Dropped(functional.gelu(widen.call(norm2.call(attended))));
        return attended.Plus(Dropped(ReducedPrecision.Widen(narrow.call(hidden))));
    }

    /// <summary>Writes what <see cref="forward"/> computes in evaluation mode.</summary>
    public OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue tokens, OnnxValue positions)
    {
        OnnxValue placed = graph.Plus(tokens, positions);
        OnnxValue attended = graph.Plus(placed, attention.WriteOnnx(graph, graph.Apply(norm1, placed), _width));
        OnnxValue hidden = graph.Apply(widen, graph.Apply(norm2, attended));
        // x Φ(x)
        OnnxValue gate = graph.Plus(graph.Add("Erf", [graph.Times(hidden, graph.Scalar(Math.Sqrt(0.5)))]), graph.Scalar(1));
        OnnxValue activated = graph.Times(graph.Times(hidden, gate), graph.Scalar(0.5));
        return graph.Plus(attended, graph.Apply(narrow, activated));
    }

    private Tensor Dropped(Tensor tensor) => functional.dropout(tensor, _dropout, training);
}
