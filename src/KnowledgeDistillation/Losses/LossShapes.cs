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
        {
            throw new ArgumentException(
                $"The {firstName} [{string.Join(", ", first.shape)}] and the {secondName} [{string.Join(", ", second.shape)}] must have the same shape.");
        }
    }

    /// <summary>Features of any widths, of the same samples at the same resolution.</summary>
    public static void RequireSameGrid(Tensor student, Tensor teacher)
    {
        ArgumentNullException.ThrowIfNull(student);
        ArgumentNullException.ThrowIfNull(teacher);
        if (student.dim() != teacher.dim() || student.shape[0] != teacher.shape[0] || !student.shape.AsSpan(2).SequenceEqual(teacher.shape.AsSpan(2)))
        {
            throw new ArgumentException($"The student's features [{string.Join(", ", student.shape)}] and the teacher's [{string.Join(", ", teacher.shape)}] "
                + "must have the same batch and spatial size: compare levels of the same resolution.");
        }
    }

    /// <summary>A reference of the same samples at the same resolution as features.</summary>
    public static void RequireGridOf(Tensor target, Tensor features)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (target.dim() != features.dim() || target.shape[0] != features.shape[0] || !target.shape.AsSpan(2).SequenceEqual(features.shape.AsSpan(2)))
        {
            throw new ArgumentException($"The reference [{string.Join(", ", target.shape)}] and the features [{string.Join(", ", features.shape)}] "
                + "must have the same batch and spatial size: compare features of the resolution of the labels.");
        }
    }
}
