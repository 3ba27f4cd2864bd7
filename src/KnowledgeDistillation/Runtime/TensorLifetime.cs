using static TorchSharp.torch;

namespace KnowledgeDistillation.Runtime;

/// <summary>
/// How long a tensor lives that several losses share: the first to ask may have a dispose scope of its own, and those after it still need the tensor.
/// </summary>
internal static class TensorLifetime
{
    /// <summary>Moves a tensor to the dispose scope of another.</summary>
    // Detached first, because torch loses a tensor that is moved to the scope in which it already is.
    public static Tensor MoveToDisposeScopeOf(this Tensor tensor, Tensor other) => tensor.DetachFromDisposeScope().MoveToOtherDisposeScope(other);
}
