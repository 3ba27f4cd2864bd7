using KnowledgeDistillation.Labels;

namespace KnowledgeDistillation.OnnxRuntime;

/// <summary>What a label scheme does to tensors, done to plain arrays.</summary>
internal static class ChannelArrays
{
    /// <summary>The softmax over the channels of exclusive classes, or the sigmoid of each overlapping region.</summary>
    /// <param name="labels">How channels relate to classes.</param>
    /// <param name="logits">Raw logits [N, K, voxels].</param>
    /// <param name="samples">N.</param>
    /// <returns>For each channel [N, voxels].</returns>
    public static float[][] Probabilities(LabelScheme labels, ReadOnlySpan<float> logits, int samples)
    {
        int channels = labels.Channels, voxels = logits.Length / (samples * channels);
        float[][] result = [.. labels.ChannelNames.Select(_ => new float[samples * voxels])];
        for (int sample = 0; sample < samples; sample++)
        {
            for (int channel = 0; channel < channels; channel++)
                logits.Slice(((sample * channels) + channel) * voxels, voxels).CopyTo(result[channel].AsSpan(sample * voxels));
        }

        if (labels is ExclusiveClasses)
            Softmax(result);
        else
            Sigmoid(result);
        return result;
    }

    /// <summary>Background with certainty: class 0 of exclusive classes, no region of overlapping ones.</summary>
    public static float[][] Background(LabelScheme labels, int voxels)
    {
        float[][] result = [.. labels.ChannelNames.Select(_ => new float[voxels])];
        if (labels is ExclusiveClasses)
            Array.Fill(result[0], 1);
        return result;
    }

    private static void Softmax(float[][] channels)
    {
        for (int i = 0; i < channels[0].Length; i++)
        {
            float greatest = channels[0][i];
            for (int channel = 1; channel < channels.Length; channel++)
                greatest = Math.Max(greatest, channels[channel][i]);
            float sum = 0;
            foreach (float[] values in channels)
                sum += values[i] = MathF.Exp(values[i] - greatest);
            foreach (float[] values in channels)
                values[i] /= sum;
        }
    }

    private static void Sigmoid(float[][] channels)
    {
        foreach (float[] values in channels)
        {
            for (int i = 0; i < values.Length; i++)
                values[i] = 1 / (1 + MathF.Exp(-values[i]));
        }
    }
}
