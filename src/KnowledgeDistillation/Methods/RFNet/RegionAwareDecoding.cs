using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.RFNet;

/// <summary>What a <see cref="RegionAwareDecoder"/> made.</summary>
/// <param name="Fused">The fused features of every level, shallowest first.</param>
/// <param name="MapLogits">The logits of the probability maps of every level, shallowest first.</param>
/// <param name="Decoded">The decoder's features of every level, shallowest first.</param>
internal sealed record RegionAwareDecoding(IReadOnlyList<Tensor> Fused, IReadOnlyList<Tensor> MapLogits, IReadOnlyList<Tensor> Decoded);
