using static TorchSharp.torch;

namespace KnowledgeDistillation.Runtime;

/// <summary>To and from element types that make products cheap, but are too coarse for sums, logarithms and exponentials.</summary>
public static class ReducedPrecision
{
    /// <summary>The same tensor in float32 if it is in float16 or bfloat16, and otherwise this very handle. Differentiable.</summary>
    /// <param name="tensor">Any shape.</param>
    public static Tensor Widen(Tensor tensor) =>
        (tensor ?? throw new ArgumentNullException(nameof(tensor))).dtype is ScalarType.Float16 or ScalarType.BFloat16 ? tensor.to(ScalarType.Float32) : tensor;

    /// <summary>The same tensor in bfloat16, or an alias of it where it is that already: the caller disposes the result in any case. Differentiable:
    /// the gradient of a parameter arrives in the parameter's own element type.</summary>
    /// <param name="tensor">Any shape.</param>
    public static Tensor Narrow(Tensor tensor) =>
        (tensor ?? throw new ArgumentNullException(nameof(tensor))).dtype == ScalarType.BFloat16 ? tensor.alias() : tensor.to(ScalarType.BFloat16);
}
