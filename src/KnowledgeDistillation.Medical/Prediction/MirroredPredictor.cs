using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Medical.Prediction;

/// <summary>
/// Test-time augmentation: the mean of what a network says of a case and of its mirror images, each mirrored back. A network that learned from flipped cases
/// has no reason to prefer one of them.
/// </summary>
/// <param name="inner">The network.</param>
/// <param name="axes">
/// The axes that are mirrored, those of the training: with n of them the network runs 2ⁿ times, 8 times for all three; with none it is as it was.
/// </param>
/// <remarks>As safe to share between threads as the network.</remarks>
public sealed class MirroredPredictor(ICasePredictor inner, Flips axes) : ICasePredictor
{
    private readonly ICasePredictor _inner = inner ?? throw new ArgumentNullException(nameof(inner));

    /// <inheritdoc/>
    public IReadOnlyList<string> Modalities => _inner.Modalities;

    /// <inheritdoc/>
    public bool NeedsAllModalities => _inner.NeedsAllModalities;

    /// <inheritdoc/>
    public LabelScheme Labels => _inner.Labels;

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, string> Metadata => _inner.Metadata;

    /// <inheritdoc/>
    public float[][] Probabilities(PreprocessedCase source, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        float[][] sum = _inner.Probabilities(source, cancellation);
        float[] mirroredBack = new float[source.Size.VoxelCount];
        int count = 1;
        foreach (Flips flips in Mirrors())
        {
            float[][] mirrored = _inner.Probabilities(source.Mirrored(flips), cancellation);
            for (int channel = 0; channel < sum.Length; channel++)
            {
                flips.Apply<float>(mirrored[channel], mirroredBack, source.Size);
                for (int i = 0; i < mirroredBack.Length; i++)
                    sum[channel][i] += mirroredBack[i];
            }

            count++;
        }

        foreach (float[] channel in count == 1 ? [] : sum)
        {
            for (int i = 0; i < channel.Length; i++)
                channel[i] /= count;
        }

        return sum;
    }

    // All but the case as it is.
    private IEnumerable<Flips> Mirrors()
    {
        for (int bits = 1; bits < 8; bits++)
        {
            Flips flips = new((bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0);
            if ((axes.X || !flips.X) && (axes.Y || !flips.Y) && (axes.Z || !flips.Z))
                yield return flips;
        }
    }
}
