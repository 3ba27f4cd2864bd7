using static TorchSharp.torch;

namespace KnowledgeDistillation.Runtime;

/// <summary>
/// Lifetime of tensors that several losses share: the loss that asks first may have a dispose scope of its own, and later ones still need the tensor.
/// </summary>
internal static class TensorLifetime
{
    /// <summary>Moves a tensor to the dispose scope of another.</summary>
    // Detached first, because torch loses a tensor that is moved to the scope in which it already is.
    public static Tensor MoveToDisposeScopeOf(this Tensor tensor, Tensor other) => tensor.DetachFromDisposeScope().MoveToOtherDisposeScope(other);
}
