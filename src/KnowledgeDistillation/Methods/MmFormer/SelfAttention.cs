using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Methods.MmFormer;

/// <summary>
/// Self-attention of several heads, softmax(Q Kᵀ / √d) V with d numbers per head: Q, K and V without bias, the projection of the joined heads with one.
/// </summary>
// Torch's own has a bias either in both or in neither, and cannot be written as ONNX.
internal sealed class SelfAttention : Module<Tensor, Tensor>
{
    private readonly int _heads;
    private readonly double _dropout;
    private readonly DenseLayer inputs;
    private readonly DenseLayer projection;

    public SelfAttention(int width, int heads, double dropout)
        : base(nameof(SelfAttention))
    {
        (_heads, _dropout) = (heads, dropout);
        inputs = new DenseLayer(width, 3 * width, bias: false);
        projection = new DenseLayer(width, width);
        RegisterComponents();
    }

    /// <param name="tokens">[N, tokens, width].</param>
    /// <returns>[N, tokens, width].</returns>
    public override Tensor forward(Tensor tokens)
    {
        (long samples, long count, long width) = (tokens.shape[0], tokens.shape[1], tokens.shape[2]);
        // [3, N, heads, tokens, width of a head]
        Tensor parts = inputs.call(tokens).reshape(samples, count, 3, _heads, width / _heads).permute(2, 0, 3, 1, 4);
        Tensor scores = parts[0].matmul(parts[1].transpose(-2, -1));
        Tensor attention = functional.softmax(ReducedPrecision.Widen(scores).Times(1 / Math.Sqrt((double)width / _heads)), -1);
        attention = functional.dropout(attention, _dropout, training);
        Tensor values = attention.to(parts.dtype).matmul(parts[2]);
        return projection.call(values.transpose(1, 2).reshape(samples, count, width));
    }

    /// <summary>Writes what <see cref="forward"/> computes in evaluation mode.</summary>
    public OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue tokens, long width)
    {
        OnnxValue shaped = graph.Add("Reshape", [graph.Apply(inputs, tokens), graph.Integers(0, -1, 3, _heads, width / _heads)]);
        OnnxValue permuted = graph.Add("Transpose", [shaped], ("perm", new long[] { 2, 0, 3, 1, 4 }));
        OnnxValue[] parts = [.. graph.AddMany("Split", 3, [permuted], ("axis", 0L)).Select(part => graph.Add("Squeeze", [part, graph.Integers(0)]))];
        OnnxValue scores = graph.Add("MatMul", [parts[0], graph.Add("Transpose", [parts[1]], ("perm", new long[] { 0, 1, 3, 2 }))]);
        OnnxValue attention = graph.Add("Softmax", [graph.Times(scores, graph.Scalar(1 / Math.Sqrt((double)width / _heads)))], ("axis", -1L));
        OnnxValue values = graph.Add("Transpose", [graph.Add("MatMul", [attention, parts[2]])], ("perm", new long[] { 0, 2, 1, 3 }));
        return graph.Apply(projection, graph.Add("Reshape", [values, graph.Integers(0, -1, width)]));
    }
}
