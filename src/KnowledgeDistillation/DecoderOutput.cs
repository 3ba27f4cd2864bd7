using static TorchSharp.torch;

namespace KnowledgeDistillation;

/// <summary>What a decoder made of an encoding.</summary>
/// <param name="Logits">Raw logits [N, K, spatial...].</param>
/// <param name="Features">Features [N, C, spatial...] that it computed on its way there, by name; in mixed precision they may be bfloat16.</param>
/// <remarks>Its tensors belong to the dispose scope in which they were made.</remarks>
public sealed record DecoderOutput(Tensor Logits, IReadOnlyDictionary<string, Tensor> Features);
