using static TorchSharp.torch;

namespace KnowledgeDistillation.Inference;

/// <summary>Zeros around images so that their size fits a network, and the crop that takes them off again.</summary>
internal sealed class Padding
{
    private readonly long[] _size;
    private readonly long[] _before;
    private readonly long[] _after;

    /// <summary>Pads each length to at least the given one, half on either side.</summary>
    public Padding(long[] size, IReadOnlyList<long> atLeast)
    {
        _size = size;
        _before = [.. size.Select((length, axis) => Math.Max(0, atLeast[axis] - length) / 2)];
        _after = [.. size.Select((length, axis) => Math.Max(0, atLeast[axis] - length) - _before[axis])];
    }

    /// <summary>
    /// Pads each length to the next multiple of a number, which fits the network. Where that would leave a single voxel after the last pooling,
    /// which an instance norm cannot normalize, to the one after.
    /// </summary>
    public static Padding ToFit(long multiple, long[] size)
    {
        long[] fitting = [.. size.Select(length => (length + multiple - 1) / multiple * multiple)];
        bool singleVoxel = multiple > 1 && fitting.All(length => length == multiple);
        return new Padding(size, singleVoxel ? [.. fitting.Select(_ => 2 * multiple)] : fitting);
    }

    /// <summary>How many voxels are added before the first along each axis.</summary>
    public IReadOnlyList<long> Before => _before;

    /// <summary>The size with the padding.</summary>
    public long[] PaddedSize => [.. _size.Select((length, axis) => _before[axis] + length + _after[axis])];

    public ModalityImages Apply(ModalityImages images)
    {
        if (_before.All(length => length == 0) && _after.All(length => length == 0))
            return images;
        // Torch names the last axis first.
        long[] widths = [.. Enumerable.Range(0, _size.Length).Reverse().SelectMany(axis => new[] { _before[axis], _after[axis] })];
        return images.Select(image => nn.functional.pad(image, widths));
    }

    public Tensor Remove(Tensor padded)
    {
        Tensor cropped = padded;
        for (int axis = 0; axis < _size.Length; axis++)
            cropped = cropped.narrow(axis + 2, _before[axis], _size[axis]);
        return cropped;
    }
}
