using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Volumes;

namespace KnowledgeDistillation.Medical.Prediction;

/// <summary>Cleans segmentations: keeps the largest part, and replaces regions that are too small to be believed.</summary>
/// <remarks>Immutable and safe to share between threads.</remarks>
public sealed class PostProcessor
{
    private const string Background = "background";

    private readonly PostProcessingOptions _options;
    private readonly LabelConvention _labels;
    private readonly (Region Region, double Least, byte Replacement)[] _minimumVolumes;

    /// <summary>Makes a post-processor.</summary>
    /// <param name="options">What it changes.</param>
    /// <param name="labels">The classes and regions of the segmentations.</param>
    /// <exception cref="ArgumentException">A region or class is unknown, a region is named twice, a volume is not above 0,
    /// or a replacement lies in its region.</exception>
    public PostProcessor(PostProcessingOptions options, LabelConvention labels)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(labels);
        (_options, _labels) = (options, labels);
        if (options.MinimumVolumes.GroupBy(item => item.Region, StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Count() > 1) is { } repeated)
            throw new ArgumentException($"The least volume of '{repeated.Key}' is given twice.", nameof(options));
        // Inner regions first: what they become may still be part of an outer one.
        _minimumVolumes = [.. options.MinimumVolumes.Select(Resolve).OrderBy(item => item.Region.Classes.Count)
            .ThenBy(item => labels.Regions.ToList().IndexOf(item.Region))];
    }

    /// <summary>Changes a segmentation.</summary>
    /// <param name="classes">The class of each voxel, x fastest; changed in place.</param>
    /// <param name="grid">Where the voxels lie.</param>
    /// <returns>What was taken away, and what it became; none where nothing was.</returns>
    /// <exception cref="ArgumentException">There are fewer or more classes than voxels.</exception>
    public IReadOnlyList<RemovedVoxels> Apply(byte[] classes, VolumeGrid grid)
    {
        ArgumentNullException.ThrowIfNull(classes);
        ArgumentNullException.ThrowIfNull(grid);
        if (classes.Length != grid.VoxelCount)
            throw new ArgumentException($"A grid of {grid.Size} voxels needs {grid.VoxelCount} classes, but {classes.Length} were given.", nameof(classes));
        List<RemovedVoxels> removed = [];
        if (_options.LargestComponent && KeepLargest(classes, grid) is { } others)
            removed.Add(others);
        foreach ((Region region, double least, byte replacement) in _minimumVolumes)
        {
            RegionVolume volume = RegionVolume.Measure(classes, grid, [region])[0];
            if (volume.Voxels == 0 || volume.CubicMillimeters >= least)
                continue;
            for (int i = 0; i < classes.Length; i++)
            {
                if (region.Classes.Contains(classes[i]))
                    classes[i] = replacement;
            }

            removed.Add(new RemovedVoxels(region.Name, volume.Voxels, volume.CubicMillimeters, _labels.NameOf(replacement)));
        }

        return removed;
    }

    private static RemovedVoxels? KeepLargest(byte[] classes, VolumeGrid grid)
    {
        int count = 0;
        foreach ((int start, int length) in ConnectedComponents.Of(Array.ConvertAll(classes, number => number != 0), grid.Size).AllButLargest())
        {
            classes.AsSpan(start, length).Clear();
            count += length;
        }

        return count == 0 ? null : new RemovedVoxels("all but the largest part", count, count * RegionVolume.VoxelVolume(grid), Background);
    }

    private (Region Region, double Least, byte Replacement) Resolve(MinimumVolume item)
    {
        Region region = _labels.Regions.FirstOrDefault(known => known.Name.Equals(item.Region, StringComparison.OrdinalIgnoreCase))
            ?? throw new ArgumentException(
                $"There is no region '{item.Region}'; the regions are {string.Join(", ", _labels.Regions.Select(known => known.Name))}.");
        if (!(item.CubicMillimeters > 0) || !double.IsFinite(item.CubicMillimeters))
            throw new ArgumentException($"The least volume of {region.Name} must be above 0 mm³, but is {item.CubicMillimeters}.");
        int replacement = item.Replacement is null ? WhatIsLeft(region) : ClassNamed(item.Replacement);
        return region.Classes.Contains(replacement)
            ? throw new ArgumentException($"What is too small of {region.Name} cannot become '{item.Replacement}', which is part of it.")
            : (region, item.CubicMillimeters, (byte)replacement);
    }

    private int WhatIsLeft(Region region) => _labels.Regions
        .Where(other => other.Classes.Count > region.Classes.Count && region.Classes.All(other.Classes.Contains))
        .OrderBy(other => other.Classes.Count)
        .Select(other => other.Classes.Except(region.Classes).Min())
        .FirstOrDefault();

    private int ClassNamed(string name)
    {
        if (LabelConvention.OtherClassOf(name) == 0)
            return 0;
        int number = Enumerable.Range(1, _labels.Map.Names.Count - 1).FirstOrDefault(number =>
            name.Equals(_labels.Map.Names[number], StringComparison.OrdinalIgnoreCase)
                || name.Equals(_labels.NameOf(number), StringComparison.OrdinalIgnoreCase));
        return number > 0
            ? number
            : throw new ArgumentException($"There is no class '{name}'; the classes are {string.Join(", ", _labels.ShortNames.Prepend(Background))}.");
    }
}
