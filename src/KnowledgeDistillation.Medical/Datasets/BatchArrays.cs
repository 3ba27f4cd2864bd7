using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Metrics;
using TorchSharp;

namespace KnowledgeDistillation.Medical.Datasets;

/// <summary>A batch before it becomes tensors.</summary>
internal sealed class BatchArrays
{
    private readonly string[] _ids;
    private readonly VolumeSize _size;
    private readonly Dictionary<string, float[]> _images = new(StringComparer.Ordinal);
    private readonly byte[] _classes;
    private readonly string[]? _contentIds;

    private BatchArrays(string[] ids, VolumeSize size, byte[] classes, string[]? contentIds) =>
        (_ids, _size, _classes, _contentIds) = (ids, size, classes, contentIds);

    public static BatchArrays Of(PreprocessedCase[] cases, Flips[] flips, string[]? contentIds, ArrayRecycler arrays)
    {
        PreprocessedCase first = cases[0];
        foreach (PreprocessedCase item in cases)
        {
            if (item.Size != first.Size)
            {
                throw new InvalidDataException($"Cases of one batch must have the same size, but {first.Id} has {first.Size} and {item.Id} has {item.Size}; "
                    + "set a crop size, or the batch size to 1.");
            }

            if (!item.Images.Keys.Order(StringComparer.Ordinal).SequenceEqual(first.Images.Keys.Order(StringComparer.Ordinal)))
            {
                throw new InvalidDataException($"Cases of one batch must have the same modalities, but {first.Id} has {string.Join(", ", first.Images.Keys)} "
                    + $"and {item.Id} has {string.Join(", ", item.Images.Keys)}.");
            }
        }

        int voxels = first.Size.VoxelCount;
        BatchArrays batch = new([.. cases.Select(item => item.Id)], first.Size, arrays.Rent<byte>(cases.Length * voxels), contentIds);
        foreach (string name in first.Images.Keys)
            batch._images.Add(name, arrays.Rent<float>(cases.Length * voxels));
        for (int i = 0; i < cases.Length; i++)
        {
            foreach ((string name, float[] target) in batch._images)
                flips[i].Apply<float>(cases[i].Images[name], target.AsSpan(i * voxels, voxels), first.Size);
            flips[i].Apply<byte>(cases[i].Classes!, batch._classes.AsSpan(i * voxels, voxels), first.Size);
        }

        return batch;
    }

    public Batch ToBatch()
    {
        long[] spatial = [_ids.Length, _size.Z, _size.Y, _size.X];
        return new Batch(
            new ModalityImages(_images.Select(pair => KeyValuePair.Create(pair.Key, torch.tensor(pair.Value, [_ids.Length, 1, _size.Z, _size.Y, _size.X])))),
            torch.tensor(_classes, spatial),
            _ids,
            _contentIds);
    }

    /// <summary>Gives the arrays back once the tensors, which are copies, have been made.</summary>
    public void Recycle(ArrayRecycler arrays)
    {
        foreach (float[] image in _images.Values)
            arrays.Return(image);
        arrays.Return(_classes);
    }
}
