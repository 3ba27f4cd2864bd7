using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;

namespace KnowledgeDistillation.Medical.Prediction;

/// <summary>Probabilities of the channels of a network on a grid.</summary>
/// <remarks>Holds its arrays without copies. Safe to read from several threads.</remarks>
public sealed class ProbabilityVolume
{
    /// <summary>Takes probabilities.</summary>
    /// <param name="labels">How channels relate to classes.</param>
    /// <param name="grid">Where the voxels lie.</param>
    /// <param name="channels">For each channel the probability of each voxel, from 0 to 1, x fastest.</param>
    /// <exception cref="ArgumentException">There are fewer or more channels than the labels have,
    /// or one has another number of voxels than the grid.</exception>
    public ProbabilityVolume(LabelScheme labels, VolumeGrid grid, IReadOnlyList<float[]> channels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(grid);
        ArgumentNullException.ThrowIfNull(channels);
        if (channels.Count != labels.Channels || channels.Any(channel => channel.Length != grid.VoxelCount))
        {
            throw new ArgumentException(
                $"{labels.Channels} channels of {grid.VoxelCount} voxels are needed, "
                    + $"but the channels have {string.Join(", ", channels.Select(c => c.Length))}.",
                nameof(channels));
        }

        (Labels, Grid, Channels) = (labels, grid, channels);
    }

    /// <summary>How channels relate to classes.</summary>
    public LabelScheme Labels { get; }

    /// <summary>Where the voxels lie.</summary>
    public VolumeGrid Grid { get; }

    /// <summary>For each channel the probability of each voxel, x fastest.</summary>
    public IReadOnlyList<float[]> Channels { get; }

    /// <summary>
    /// Brings what a network says of a prepared case to the grid of its files: up-sampled trilinearly, and pasted back; outside of the crop is background
    /// with certainty.
    /// </summary>
    /// <param name="labels">How channels relate to classes.</param>
    /// <param name="probabilities">For each channel the probability of each voxel of <see cref="PreprocessingGeometry.Size"/>.</param>
    /// <param name="geometry">How the two grids relate.</param>
    public static ProbabilityVolume OnNativeGrid(LabelScheme labels, IReadOnlyList<float[]> probabilities, PreprocessingGeometry geometry)
    {
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(probabilities);
        ArgumentNullException.ThrowIfNull(geometry);
        return new ProbabilityVolume(labels, geometry.NativeGrid, [.. probabilities.Select((channel, number) =>
            geometry.BringBack(channel, outside: labels.ForegroundChannels.Contains(number) ? 0 : 1))]);
    }

    /// <summary>The class of each voxel, x fastest: the most probable one, or that of the innermost region whose probability is above one half.</summary>
    public byte[] Classes()
    {
        byte[] classes = new byte[Grid.VoxelCount];
        if (Labels is OverlappingRegions regions)
        {
            for (int channel = 0; channel < Channels.Count; channel++)
            {
                float[] inside = Channels[channel];
                byte innermost = (byte)regions.InnermostClasses[channel];
                for (int i = 0; i < classes.Length; i++)
                    classes[i] = inside[i] > 0.5f ? innermost : classes[i];
            }

            return classes;
        }

        float[] largest = [.. Channels[0]];
        for (int channel = 1; channel < Channels.Count; channel++)
        {
            float[] values = Channels[channel];
            for (int i = 0; i < classes.Length; i++)
            {
                if (values[i] > largest[i])
                    (largest[i], classes[i]) = (values[i], (byte)channel);
            }
        }

        return classes;
    }

    /// <summary>
    /// How uncertain each voxel is, x fastest: the entropy −Σ p ln p over the classes, from 0 to ln K; for overlapping regions the sum of the entropies of
    /// their yes and no, from 0 to K ln 2. In nats.
    /// </summary>
    public float[] Entropy()
    {
        float[] entropy = new float[Grid.VoxelCount];
        bool isYesOrNo = Labels is OverlappingRegions;
        foreach (float[] channel in Channels)
        {
            for (int i = 0; i < entropy.Length; i++)
                entropy[i] += isYesOrNo ? Term(channel[i]) + Term(1 - channel[i]) : Term(channel[i]);
        }

        return entropy;

        static float Term(float p) => p is > 0 and < 1 ? -p * MathF.Log(p) : 0;
    }
}
