using System.IO.Compression;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Prediction;

/// <summary>
/// Chooses post-processing on cases with a reference, which neither were learned from nor are for the test: what makes the mean Dice of the regions better.
/// </summary>
/// <remarks>
/// <para>
/// Step by step, each on what the steps before have left, and each kept only where it improves what it is judged by, so that a tie changes nothing.
/// First, whether only the largest part of all that is not background stays: judged by the mean over all regions, and dropped where the mean Dice of any
/// region becomes less. Then, from the inner to the outer regions, the least volume of each: judged by the mean Dice of that region, of those volumes that make
/// no other region's worse; of equally good ones the least that is taken away. It lies in the middle between the largest volume that is taken away and the
/// smallest that stays; where none stays, it is twice the largest.
/// </para>
/// <para>nnU-Net chooses its largest components in this way (Isensee et al., Nature Methods 2021); least volumes are as in entries to BraTS.</para>
/// <para>Cases are kept compressed. Not safe for use by several threads at once.</para>
/// </remarks>
public sealed class PostProcessingSearch
{
    // Sums of Dice in another order differ in their last digits, which is no improvement.
    private const double Least = 1e-9;

    private readonly LabelConvention _labels;
    private readonly List<(byte[] Predicted, byte[] Reference, VolumeGrid Grid)> _cases = [];

    /// <summary>Begins a search.</summary>
    /// <param name="labels">The classes and regions of the segmentations.</param>
    public PostProcessingSearch(LabelConvention labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        _labels = labels;
    }

    /// <summary>Adds a case.</summary>
    /// <param name="predicted">The class of each voxel as it was predicted, x fastest, without post-processing.</param>
    /// <param name="reference">The class of each voxel; voxels that it leaves open (<see cref="LabelMap.Ignored"/>)
    /// count neither as right nor as wrong.</param>
    /// <param name="grid">Where the voxels lie.</param>
    /// <exception cref="ArgumentException">There are fewer or more classes than voxels.</exception>
    public void Add(ReadOnlySpan<byte> predicted, ReadOnlySpan<byte> reference, VolumeGrid grid)
    {
        ArgumentNullException.ThrowIfNull(grid);
        if (predicted.Length != grid.VoxelCount || reference.Length != grid.VoxelCount)
        {
            throw new ArgumentException(
                $"A grid of {grid.Size} voxels needs {grid.VoxelCount} classes, but {predicted.Length} and {reference.Length} were given.", nameof(grid));
        }

        _cases.Add((Packed(predicted), Packed(reference), grid));
    }

    /// <summary>Chooses.</summary>
    /// <exception cref="InvalidOperationException">No case was added.</exception>
    public PostProcessingChoice Find()
    {
        if (_cases.Count == 0)
            throw new InvalidOperationException("Post-processing cannot be chosen without cases.");
        Outcome[] before = Measure(new PostProcessingOptions()), now = before;
        PostProcessingOptions chosen = new();
        PostProcessingOptions largest = new() { LargestComponent = true };
        Outcome[] tried = Measure(largest);
        if (AllRegions.Average(region => Mean(tried, region)) > AllRegions.Average(region => Mean(now, region)) + Least && NoneIsWorse(now, tried))
            (chosen, now) = (largest, tried);
        foreach (int region in AllRegions.OrderBy(region => _labels.Regions[region].Classes.Count))
        {
            if (LeastVolume(chosen, now, region) is not var (options, outcomes))
                continue;
            (chosen, now) = (options, outcomes);
        }

        return new PostProcessingChoice(
            chosen, _cases.Count,
            [.. AllRegions.Select(region => new PostProcessingEffect(_labels.Regions[region].Name, Mean(before, region), Mean(now, region)))]);
    }

    private IEnumerable<int> AllRegions => Enumerable.Range(0, _labels.Regions.Count);

    // What a case scores does not depend on a threshold but on whether the region is taken away, so each case is looked at only with and without it.
    private (PostProcessingOptions Options, Outcome[] Outcomes)? LeastVolume(PostProcessingOptions chosen, Outcome[] now, int region)
    {
        double[] volumes = [.. now.Select(outcome => outcome.Volumes[region]).Where(volume => volume > 0).Distinct().Order()];
        if (volumes.Length == 0)
            return null;
        Outcome[] without = Measure(With(2 * volumes[^1]));
        (double Best, int Count) best = (Mean(now, region) + Least, 0);
        for (int count = 1; count <= volumes.Length; count++)
        {
            Outcome[] mixed = Mixed(volumes[count - 1]);
            if (Mean(mixed, region) > best.Best && NoneIsWorse(now, mixed))
                best = (Mean(mixed, region) + Least, count);
        }

        if (best.Count == 0)
            return null;
        double threshold = best.Count == volumes.Length ? 2 * volumes[^1] : (volumes[best.Count - 1] + volumes[best.Count]) / 2;
        return (With(threshold), Mixed(volumes[best.Count - 1]));

        Outcome[] Mixed(double most) => [.. now.Zip(without, (kept, removed) => kept.Volumes[region] <= most ? removed : kept)];

        PostProcessingOptions With(double volume) =>
            chosen with { MinimumVolumes = [.. chosen.MinimumVolumes, new MinimumVolume(_labels.Regions[region].Name, volume)] };
    }

    private bool NoneIsWorse(Outcome[] before, Outcome[] after) => AllRegions.All(region => Mean(after, region) >= Mean(before, region) - Least);

    private static double Mean(Outcome[] outcomes, int region) => outcomes.Average(outcome => outcome.Dice[region]);

    private Outcome[] Measure(PostProcessingOptions options)
    {
        PostProcessor processor = new(options, _labels);
        return [.. _cases.Select(item =>
        {
            byte[] classes = Unpacked(item.Predicted, item.Grid), reference = Unpacked(item.Reference, item.Grid);
            processor.Apply(classes, item.Grid);
            double[] volumes = [.. RegionVolume.Measure(classes, item.Grid, _labels.Regions).Select(volume => volume.CubicMillimeters)];
            // What is left open is background in both, and so in no region.
            for (int i = 0; i < classes.Length; i++)
            {
                if (reference[i] == LabelMap.Ignored)
                    (classes[i], reference[i]) = (0, 0);
            }

            return new Outcome([.. _labels.Regions.Select(region => Dice(region))], volumes);

            double Dice(Region region) => ConfusionCounts.Between(MaskOf(classes, region), MaskOf(reference, region)).Dice();

            VoxelMask MaskOf(byte[] voxels, Region region) =>
                VoxelMask.FromLabels<byte>(voxels, item.Grid.Size, item.Grid.Spacing, [.. region.Classes]);
        })];
    }

    private static byte[] Packed(ReadOnlySpan<byte> classes)
    {
        MemoryStream stream = new();
        using (DeflateStream packer = new(stream, CompressionLevel.Fastest))
            packer.Write(classes);
        return stream.ToArray();
    }

    private static byte[] Unpacked(byte[] packed, VolumeGrid grid)
    {
        byte[] classes = new byte[grid.VoxelCount];
        using DeflateStream unpacker = new(new MemoryStream(packed), CompressionMode.Decompress);
        unpacker.ReadExactly(classes);
        return classes;
    }

    // The Dice and the volume of each region of a case.
    private sealed record Outcome(double[] Dice, double[] Volumes);
}
