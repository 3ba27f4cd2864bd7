using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>Refuses tensors whose shapes torch would silently broadcast.</summary>
internal static class LossShapes
{
    public static void RequireSame(Tensor first, string firstName, Tensor second, string secondName)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (!first.shape.SequenceEqual(second.shape))
            throw new ArgumentException($"The {firstName} [{string.Join(", ", first.shape)}] and the {secondName} [{string.Join(", ", second.shape)}] must have the same shape.");
    }
}
