using static TorchSharp.torch;

namespace KnowledgeDistillation.Training;

/// <summary>Batches from tensors that lie in memory, in an order that is drawn for each epoch from the seed and the epoch's number.</summary>
/// <remarks>The tensors belong to the caller and must outlive the source.</remarks>
public sealed class InMemoryBatchSource : IPartitionableBatchSource
{
    private readonly ModalityImages _images;
    private readonly Tensor _labels;
    private readonly int _batchSize;
    private readonly long? _shuffleSeed;

    /// <summary>Makes a source.</summary>
    /// <param name="images">All cases, each modality [cases, C, spatial...].</param>
    /// <param name="labels">Class of each voxel, uint8 or int64 [cases, spatial...].</param>
    /// <param name="batchSize">Cases in a batch, at least 1; the last batch of an epoch may have fewer. Default 1.</param>
    /// <param name="shuffleSeed">The seed of the order; null to keep the order of the cases, as validation does.</param>
    public InMemoryBatchSource(ModalityImages images, Tensor labels, int batchSize = 1, long? shuffleSeed = null)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        if (labels.shape[0] != images.BatchSize)
            throw new ArgumentException($"There are labels of {labels.shape[0]} cases but images of {images.BatchSize}.", nameof(labels));
        (_images, _labels, _batchSize, _shuffleSeed) = (images, labels, batchSize, shuffleSeed);
    }

    /// <inheritdoc/>
    public int BatchCount => (int)((_images.BatchSize + _batchSize - 1) / _batchSize);

    /// <inheritdoc/>
    public IEnumerable<Batch> ReadEpoch(int epoch) => ReadEpoch(epoch, part: 0, parts: 1);

    /// <inheritdoc/>
    public IEnumerable<Batch> ReadEpoch(int epoch, int part, int parts)
    {
        BatchParts.Check(part, parts);
        int[] order = [.. Enumerable.Range(0, (int)_images.BatchSize)];
        if (_shuffleSeed is long seed)
            Shuffling.Shuffle(order, SeedMixer.Mix(seed, epoch));
        foreach (int[] cases in order.Chunk(_batchSize).Where((_, number) => number % parts == part))
        {
            using Tensor rows = tensor(cases.Select(number => (long)number).ToArray(), device: _images.Device);
            yield return new Batch(
                _images.Select(image => image.index_select(0, rows)),
                _labels.index_select(0, rows),
                [.. cases.Select(number => $"case {number}")]);
        }
    }
}
