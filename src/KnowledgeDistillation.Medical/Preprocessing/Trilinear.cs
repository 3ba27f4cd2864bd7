using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>Trilinear up-sampling with half-pixel centers, as torch does it ("align corners" off), on plain arrays.</summary>
internal static class Trilinear
{
    /// <summary>Brings a volume to a finer grid over the same space.</summary>
    /// <param name="source">Voxels, x fastest.</param>
    /// <param name="size">The size of the volume.</param>
    /// <param name="target">The size wanted.</param>
    public static float[] Upsample(float[] source, VolumeSize size, VolumeSize target)
    {
        if (size == target)
            return source;
        float[] alongX = Along(source, 1, size.X, target.X, size.Y * size.Z);
        float[] alongY = Along(alongX, target.X, size.Y, target.Y, size.Z);
        return Along(alongY, target.X * target.Y, size.Z, target.Z, 1);
    }

    // Rows of `inner` neighboring values lie along the axis; `outer` volumes of them follow one another.
    private static float[] Along(float[] source, int inner, int length, int target, int outer)
    {
        if (length == target)
            return source;
        float[] result = new float[(long)inner * target * outer];
        float scale = (float)length / target;
        for (int i = 0; i < target; i++)
        {
            float place = Math.Max(0, (scale * (i + 0.5f)) - 0.5f);
            int below = Math.Min((int)place, length - 1), above = Math.Min(below + 1, length - 1);
            float share = place - below, rest = 1 - share;
            for (int block = 0; block < outer; block++)
            {
                ReadOnlySpan<float> first = source.AsSpan((((block * length) + below) * inner), inner);
                ReadOnlySpan<float> second = source.AsSpan((((block * length) + above) * inner), inner);
                Span<float> row = result.AsSpan(((block * target) + i) * inner, inner);
                for (int j = 0; j < row.Length; j++)
                    row[j] = (rest * first[j]) + (share * second[j]);
            }
        }

        return result;
    }
}
