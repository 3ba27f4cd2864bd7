using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Augmentation;

/// <summary>Changes the intensities of one image. Voxels that are 0 are background and stay 0.</summary>
internal static class IntensityChange
{
    /// <summary>Changes an image in place.</summary>
    /// <param name="options">What is changed.</param>
    /// <param name="key">Determines all that is drawn.</param>
    /// <param name="image">The voxels, x fastest.</param>
    /// <param name="size">The size of the image.</param>
    public static void Apply(AugmentationOptions options, long key, float[] image, VolumeSize size)
    {
        // Each change has numbers of its own, so that one option does not change what another does.
        if (Draw(options.GaussianNoise, key, 0) is { } deviation)
            AddNoise(image, (float)deviation, SeedOf(key, 100));
        if (Draw(options.GaussianBlur, key, 1) is { } width)
            Replace(image, Blurred(image, size, width));
        if (Draw(options.Brightness, key, 2) is { } brightness)
            Each(image, value => value * (float)brightness);
        if (Draw(options.Contrast, key, 3) is { } contrast && Range(image) is { } former)
            Each(image, value => Math.Clamp(former.Mean + ((value - former.Mean) * (float)contrast), former.Least, former.Greatest));
        if (Draw(options.LowResolution, key, 4) is { } zoom)
            Replace(image, Coarse(image, size, zoom));
        if (Draw(options.Gamma, key, 5) is { } exponent && Range(image) is { } range)
            Gamma(image, range, exponent);
    }

    private static double? Draw(RandomRange? range, long key, int number)
    {
        if (range is null)
            return null;
        StableRandom random = new(SeedOf(key, number));
        return random.NextDouble() < range.Probability ? random.Between(range.Least, range.Greatest) : null;
    }

    private static ulong SeedOf(long key, int number) => StableRandom.Mix((ulong)key + ((ulong)number << 32));

    private static void AddNoise(float[] image, float deviation, ulong seed)
    {
        StableRandom random = new(seed);
        for (int i = 0; i < image.Length; i++)
        {
            if (image[i] != 0)
                image[i] += deviation * (float)random.NextGaussian();
        }
    }

    private static void Each(float[] image, Func<float, float> change)
    {
        for (int i = 0; i < image.Length; i++)
        {
            if (image[i] != 0)
                image[i] = change(image[i]);
        }
    }

    private static void Replace(float[] image, float[] other)
    {
        for (int i = 0; i < image.Length; i++)
        {
            if (image[i] != 0)
                image[i] = other[i];
        }
    }

    private static (float Least, float Greatest, float Mean, float Deviation)? Range(float[] image)
    {
        (float least, float greatest, double sum, double squares, int count) = (float.PositiveInfinity, float.NegativeInfinity, 0, 0, 0);
        foreach (float value in image)
        {
            if (value == 0)
                continue;
            (least, greatest) = (Math.Min(least, value), Math.Max(greatest, value));
            sum += value;
            squares += (double)value * value;
            count++;
        }

        if (count == 0 || !(greatest > least))
            return null;
        double mean = sum / count;
        return (least, greatest, (float)mean, (float)Math.Sqrt(Math.Max(0, (squares / count) - (mean * mean))));
    }

    private static void Gamma(float[] image, (float Least, float Greatest, float Mean, float Deviation) former, double exponent)
    {
        float extent = former.Greatest - former.Least;
        Each(image, value => former.Least + (extent * MathF.Pow(Math.Clamp((value - former.Least) / extent, 0, 1), (float)exponent)));
        if (Range(image) is not { Deviation: > 0 } now)
            return;
        float scale = former.Deviation / now.Deviation;
        Each(image, value => former.Mean + ((value - now.Mean) * scale));
    }

    private static float[] Coarse(float[] image, VolumeSize size, double zoom)
    {
        VolumeSize small = new(Length(size.X), Length(size.Y), Length(size.Z));
        float[] coarse = new float[small.VoxelCount];
        for (int z = 0; z < small.Z; z++)
        {
            for (int y = 0; y < small.Y; y++)
            {
                for (int x = 0; x < small.X; x++)
                    coarse[small.IndexOf(x, y, z)] = image[size.IndexOf(Nearest(x, small.X, size.X), Nearest(y, small.Y, size.Y), Nearest(z, small.Z, size.Z))];
            }
        }

        return Trilinear.Upsample(coarse, small, size);

        int Length(int length) => Math.Max(1, (int)Math.Round(length * zoom));

        static int Nearest(int place, int length, int of) => Math.Min(of - 1, (int)((place + 0.5) * of / length));
    }

    private static float[] Blurred(float[] image, VolumeSize size, double deviation)
    {
        int radius = (int)Math.Ceiling(3 * deviation);
        double[] weights = [.. Enumerable.Range(-radius, (2 * radius) + 1).Select(offset => Math.Exp(-offset * offset / (2 * deviation * deviation)))];
        double total = weights.Sum();
        float[] kernel = [.. weights.Select(weight => (float)(weight / total))];
        float[] along = Along(image, kernel, 1, size.X, size.Y * size.Z);
        along = Along(along, kernel, size.X, size.Y, size.Z);
        return Along(along, kernel, size.X * size.Y, size.Z, 1);
    }

    // Beyond the edge is what lies at the edge.
    private static float[] Along(float[] source, float[] kernel, int inner, int length, int outer)
    {
        float[] result = new float[source.Length];
        int radius = kernel.Length / 2;
        for (int block = 0; block < outer; block++)
        {
            for (int i = 0; i < length; i++)
            {
                Span<float> row = result.AsSpan(((block * length) + i) * inner, inner);
                for (int k = 0; k < kernel.Length; k++)
                {
                    int other = Math.Clamp(i + k - radius, 0, length - 1);
                    ReadOnlySpan<float> from = source.AsSpan(((block * length) + other) * inner, inner);
                    float weight = kernel[k];
                    for (int j = 0; j < row.Length; j++)
                        row[j] += weight * from[j];
                }
            }
        }

        return result;
    }
}
