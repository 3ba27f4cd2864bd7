using static TorchSharp.torch;

namespace KnowledgeDistillation.Networks;

/// <summary>Reads the levels of an encoding.</summary>
internal static class EncodedLevels
{
    /// <exception cref="ArgumentException">There are more or fewer than the network has.</exception>
    public static IReadOnlyList<Tensor> Of(EncoderOutput encoding, int expected)
    {
        ArgumentNullException.ThrowIfNull(encoding);
        return encoding.Levels.Count == expected
            ? encoding.Levels
            : throw new ArgumentException(
                $"This network has {expected} levels, but the encoding has {encoding.Levels.Count}: it comes from another network.", nameof(encoding));
    }
}
