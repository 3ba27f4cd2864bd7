using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>Picks the features that a loss compares from what an encoder found.</summary>
internal static class EncodedFeatures
{
    /// <param name="output">What a network made of a batch.</param>
    /// <param name="role">Whose output it is, for messages: "student" or "teacher".</param>
    /// <param name="levelsAboveBottleneck">0 for the bottleneck, 1 for the level above it, and so on.</param>
    /// <exception cref="ArgumentException">The encoding has too few levels.</exception>
    public static Tensor Of(NetworkOutput output, string role, int levelsAboveBottleneck)
    {
        IReadOnlyList<Tensor> levels = output.Encoding.Levels;
        return levelsAboveBottleneck < levels.Count
            ? levels[^(1 + levelsAboveBottleneck)]
            : throw new ArgumentException($"The {role}'s encoding has {levels.Count} levels, so there is none {levelsAboveBottleneck} above the bottleneck.");
    }

    /// <summary>Reduced precision is widened before squares are summed.</summary>
    public static Tensor Widen(Tensor features) => features.dtype is ScalarType.Float16 or ScalarType.BFloat16 ? features.to(ScalarType.Float32) : features;
}
