using System.Globalization;

namespace KnowledgeDistillation;

/// <summary>The names by which the networks of this library know what their decoders compute (<see cref="IEncoderDecoder.DecoderFeatures"/>).</summary>
public static class DecoderFeatureNames
{
    /// <summary>What the last convolution reads: features at the resolution of the logits.</summary>
    public const string Last = "last";

    /// <summary>The name of what the decoder computed at one level, before it goes on to the next.</summary>
    /// <param name="level">0 for the resolution of the images, 1 for the one below it, and so on, as <see cref="EncoderOutput.Levels"/> counts.</param>
    public static string Level(int level)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(level);
        return string.Create(CultureInfo.InvariantCulture, $"level {level}");
    }
}
