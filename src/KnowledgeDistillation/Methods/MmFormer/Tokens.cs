using KnowledgeDistillation.Onnx;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.MmFormer;

/// <summary>Features of a grid [N, C, D, H, W] as tokens [N, D · H · W, C], and back.</summary>
internal static class Tokens
{
    public static Tensor Of(Tensor features) => features.flatten(2).transpose(1, 2);

    /// <param name="tokens">[N, D · H · W, C].</param>
    /// <param name="size">[D, H, W].</param>
    public static Tensor ToGrid(Tensor tokens, long[] size) => tokens.transpose(1, 2).reshape([tokens.shape[0], tokens.shape[2], .. size]);

    public static OnnxValue WriteOnnx(OnnxGraph graph, OnnxValue features) =>
        graph.Add("Transpose", [graph.Add("Reshape", [features, graph.Integers(0, 0, -1)])], ("perm", new long[] { 0, 2, 1 }));

    /// <summary>Writes tokens as features of the size of others with as many channels.</summary>
    public static OnnxValue WriteGrid(OnnxGraph graph, OnnxValue tokens, OnnxValue like) =>
        graph.Add("Reshape", [graph.Add("Transpose", [tokens], ("perm", new long[] { 0, 2, 1 })), graph.Add("Shape", [like])]);
}
