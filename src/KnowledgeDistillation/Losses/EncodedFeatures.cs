using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>Picks the features that a loss compares from what an encoder found.</summary>
internal static class EncodedFeatures
{
    /// <summary>The features of the student and of the only teacher at the same level.</summary>
    /// <param name="context">What both made of a batch.</param>
    /// <param name="levelsAboveBottleneck">0 for the bottleneck, 1 for the level above it, and so on.</param>
    /// <exception cref="ArgumentException">An encoding has too few levels.</exception>
    public static (Tensor Student, Tensor Teacher) Of(DistillationContext context, int levelsAboveBottleneck)
    {
        ArgumentNullException.ThrowIfNull(context);
        return (Of(context.Student, "student", levelsAboveBottleneck), Of(context.Teacher, "teacher", levelsAboveBottleneck));
    }

    /// <summary>The features of one network.</summary>
    /// <param name="output">What it made of a batch.</param>
    /// <param name="role">What messages call it.</param>
    /// <param name="levelsAboveBottleneck">0 for the bottleneck, 1 for the level above it, and so on.</param>
    /// <exception cref="ArgumentException">The encoding has too few levels.</exception>
    public static Tensor Of(NetworkOutput output, string role, int levelsAboveBottleneck)
    {
        IReadOnlyList<Tensor> levels = output.Encoding.Levels;
        return levelsAboveBottleneck < levels.Count
            ? levels[^(1 + levelsAboveBottleneck)]
            : throw new ArgumentException($"The {role}'s encoding has {levels.Count} levels, so there is none {levelsAboveBottleneck} above the bottleneck.");
    }
}
