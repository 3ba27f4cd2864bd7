using static TorchSharp.torch;

namespace KnowledgeDistillation.Runtime;

/// <summary>Element types that are too coarse for sums, logarithms and exponentials.</summary>
internal static class ReducedPrecision
{
    /// <summary>The same tensor in float32 if it is in float16 or bfloat16.</summary>
    public static Tensor Widen(Tensor tensor) => tensor.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? tensor.to(ScalarType.Float32) : tensor;

    /// <summary>The same tensor in bfloat16, or an alias of it where it is that already: the caller disposes the result in any case.</summary>
    public static Tensor Narrow(Tensor tensor) => tensor.dtype == ScalarType.BFloat16 ? tensor.alias() : tensor.to(ScalarType.BFloat16);
}
