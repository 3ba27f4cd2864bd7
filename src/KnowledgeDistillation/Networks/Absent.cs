using KnowledgeDistillation.Onnx;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Networks;

/// <summary>Features of modalities of which some are missing, as networks see them that have a place for each: with zeros there.</summary>
internal static class Absent
{
    /// <summary>The features of all modalities, one after the other.</summary>
    /// <param name="features">[N, C, D, H, W] of each, null where it is missing; at least one is there.</param>
    public static Tensor Concatenated(IReadOnlyList<Tensor?> features)
    {
        using Tensor none = zeros_like(features.First(feature => feature is not null)!);
        return cat([.. features.Select(feature => feature ?? none)], 1);
    }

    /// <summary>Writes what <see cref="Concatenated"/> computes.</summary>
    public static OnnxValue WriteOnnx(OnnxGraph graph, IReadOnlyList<OnnxValue?> features) => graph.Concatenate(Filled(graph, features));

    /// <summary>The features of each modality, zeros where it is missing.</summary>
    public static OnnxValue[] Filled(OnnxGraph graph, IReadOnlyList<OnnxValue?> features)
    {
        OnnxValue none = graph.Times(features.First(feature => feature is not null)!, graph.Scalar(0));
        return [.. features.Select(feature => feature ?? none)];
    }
}
