using KnowledgeDistillation.Medical.Volumes;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>The images of one case in memory, all on the same grid.</summary>
/// <remarks>Safe to read from several threads.</remarks>
public sealed class CaseVolumes
{
    /// <summary>Images are registered to one another; a tenth of a voxel is far above rounding and far below what shifts a label.</summary>
    internal const double GridTolerance = 0.1;

    /// <summary>Takes the images of one case, without copies.</summary>
    /// <param name="images">Intensities by modality name, at least one.</param>
    /// <param name="segmentation">Labels as they are on disk, or null where there are none.</param>
    /// <param name="labels">What the numbers in <paramref name="segmentation"/> mean, and the numbers that a prediction is written with.</param>
    /// <exception cref="ArgumentException">There is no image, the grids differ by more than a tenth of a voxel, or the grid has no orientation.</exception>
    public CaseVolumes(IReadOnlyDictionary<string, Volume<float>> images, Volume<int>? segmentation, LabelMap labels)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(labels);
        if (images.Count == 0)
            throw new ArgumentException("A case needs at least one image.", nameof(images));
        (Images, Segmentation, Labels, Grid) = (images, segmentation, labels, images.First().Value.Grid);
        if (!Grid.Affine.IsInvertible)
            throw new ArgumentException($"The images of a case must lie on a grid that spans space, but theirs has the affine {Grid.Affine}.", nameof(images));
        IEnumerable<(string Name, VolumeGrid Grid)> all = images.Select(pair => (pair.Key, pair.Value.Grid));
        if (segmentation is not null)
            all = all.Append(("the segmentation", segmentation.Grid));
        foreach ((string name, VolumeGrid grid) in all)
        {
            if (!Grid.CoincidesWith(grid, GridTolerance))
            {
                throw new ArgumentException(
                    $"The images of a case must lie on one grid, but {images.First().Key} has {Grid} and {name} has {grid}.", nameof(images));
            }
        }
    }

    /// <summary>Intensities by modality name.</summary>
    public IReadOnlyDictionary<string, Volume<float>> Images { get; }

    /// <summary>Labels as they are on disk; null where there are none.</summary>
    public Volume<int>? Segmentation { get; }

    /// <summary>What the numbers in <see cref="Segmentation"/> mean, and the numbers that a prediction is written with.</summary>
    public LabelMap Labels { get; }

    /// <summary>The grid of the images.</summary>
    public VolumeGrid Grid { get; }
}
