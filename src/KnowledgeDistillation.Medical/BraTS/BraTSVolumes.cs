namespace KnowledgeDistillation.Medical;

/// <summary>The images of one case in memory, all on the same grid.</summary>
/// <remarks>Safe to read from several threads.</remarks>
public sealed class BraTSVolumes
{
    /// <summary>Takes the images of one case, without copies.</summary>
    /// <param name="images">Intensities by modality name, at least one.</param>
    /// <param name="segmentation">Labels as they are on disk, or null where there are none.</param>
    /// <param name="labels">What the numbers in <paramref name="segmentation"/> mean, and the numbers that a prediction is written with.</param>
    /// <exception cref="ArgumentException">There is no image, or the numbers of voxels differ.</exception>
    public BraTSVolumes(IReadOnlyDictionary<string, Volume> images, LabelVolume? segmentation, BraTSLabelConvention labels)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(labels);
        if (images.Count == 0)
            throw new ArgumentException("A case needs at least one image.", nameof(images));
        (Images, Segmentation, Labels, Grid) = (images, segmentation, labels, images.First().Value.Grid);
        IEnumerable<(string Name, VolumeGrid Grid)> all = images.Select(pair => (pair.Key, pair.Value.Grid));
        if (segmentation is not null)
            all = all.Append(("the segmentation", segmentation.Grid));
        foreach ((string name, VolumeGrid grid) in all)
        {
            if (grid.SizeX != Grid.SizeX || grid.SizeY != Grid.SizeY || grid.SizeZ != Grid.SizeZ)
                throw new ArgumentException($"The images of a case must have the same number of voxels, but {images.First().Key} has {Grid.SizeX}×{Grid.SizeY}×{Grid.SizeZ} and {name} has {grid.SizeX}×{grid.SizeY}×{grid.SizeZ}.", nameof(images));
        }
    }

    /// <summary>Intensities by modality name (<see cref="BraTSModality"/>).</summary>
    public IReadOnlyDictionary<string, Volume> Images { get; }

    /// <summary>Labels as they are on disk; null where there are none.</summary>
    public LabelVolume? Segmentation { get; }

    /// <summary>What the numbers in <see cref="Segmentation"/> mean, and the numbers that a prediction is written with.</summary>
    public BraTSLabelConvention Labels { get; }

    /// <summary>The grid of the images.</summary>
    public VolumeGrid Grid { get; }
}
