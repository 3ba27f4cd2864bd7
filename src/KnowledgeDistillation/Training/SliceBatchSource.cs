using static TorchSharp.torch;

namespace KnowledgeDistillation.Training;

/// <summary>
/// Cuts batches of volumes [N, C, D, H, W] into slices, so that a network for slices can be trained on volumes:
/// every batch of N volumes becomes one of all their slices, [N·D, C, H, W] along the first axis. <see cref="Inference.SliceInference"/> is the way back.
/// </summary>
/// <remarks>
/// All slices are kept, those without any foreground too, in the order in which they lie. The batches stay those of the volumes,
/// so their order and every augmentation follow from the epoch as there.
/// A slice is named after its case, counted from 0: "case 7, slice 41".
/// </remarks>
public sealed class SliceBatchSource : IPartitionableBatchSource
{
    private readonly IBatchSource _volumes;
    private readonly int _axis;

    /// <summary>Makes a source.</summary>
    /// <param name="volumes">Where the volumes come from. It belongs to the caller.</param>
    /// <param name="axis">The axis of the volumes that is cut, counted from 0: 0 for D, 1 for H, 2 for W. The other two keep their order.</param>
    /// <exception cref="ArgumentException">There is no such axis.</exception>
    public SliceBatchSource(IBatchSource volumes, int axis = 0)
    {
        ArgumentNullException.ThrowIfNull(volumes);
        ArgumentOutOfRangeException.ThrowIfNegative(axis);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(axis, 2);
        (_volumes, _axis) = (volumes, axis);
    }

    /// <inheritdoc/>
    public int BatchCount => _volumes.BatchCount;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A batch holds no volumes.</exception>
    public IEnumerable<Batch> ReadEpoch(int epoch) => ReadEpoch(epoch, part: 0, parts: 1);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A batch holds no volumes.</exception>
    public IEnumerable<Batch> ReadEpoch(int epoch, int part, int parts)
    {
        BatchParts.Check(part, parts);
        foreach (Batch volumes in BatchParts.Read(_volumes, epoch, part, parts))
        {
            using (volumes)
                yield return Cut(volumes);
        }
    }

    private Batch Cut(Batch volumes)
    {
        long[] size = volumes.Images.SpatialSize;
        if (size.Length != 3)
            throw new ArgumentException($"Only volumes [N, C, D, H, W] can be cut into slices, but the spatial size of the batch is {string.Join("×", size)}.");
        string[]? contents = volumes.ContentIds is null ? null : NameSlices(volumes.ContentIds, $"axis {_axis}, slice");
        return new Batch(volumes.Images.Select(image => Cut(image, _axis + 2)), Cut(volumes.Labels, _axis + 1), NameSlices(volumes.CaseIds, "slice"), contents);

        string[] NameSlices(IReadOnlyList<string> cases, string slice) =>
            [.. cases.SelectMany(name => Enumerable.Range(0, (int)size[_axis]).Select(number => $"{name}, {slice} {number}"))];
    }

    // Always a copy: the memory of the volumes may be used again as soon as their batch is disposed.
    private static Tensor Cut(Tensor volumes, int axis)
    {
        using var scope = NewDisposeScope();
        Tensor moved = volumes.movedim([axis], [1]);
        Tensor slices = empty(moved.shape, volumes.dtype, volumes.device);
        return slices.copy_(moved).flatten(0, 1).MoveToOuterDisposeScope();
    }
}
