using System.Collections.Concurrent;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Medical.Datasets;

/// <summary>
/// Feeds preprocessed cases to a trainer: each modality as float32 [N, 1, D, H, W] by its name, labels as uint8 [N, D, H, W].
/// Arrays are read and flipped on a second thread, ahead of the network; tensors are made on the thread that consumes them.
/// </summary>
/// <remarks>
/// Order, flips, patches and changes follow from seed, epoch and case alone. Several epochs may be read at the same time.
/// Patches (<see cref="PatchSampling"/>) are read from a cache without the rest of their case, after one pass through each entry that checks it.
/// Batches of whole cached cases that are not changed but flipped have <see cref="Batch.ContentIds"/>:
/// a digest of the options and of the source files, and the flips.
/// </remarks>
public sealed class CaseBatchSource : IPartitionableBatchSource
{
    private readonly SourceCase[] _cases;
    private readonly bool _isInMemory;
    private readonly ArrayRecycler _arrays = new();
    private readonly CaseBatchOptions _options;

    /// <summary>Reads cases from a cache, anew in each epoch.</summary>
    /// <param name="cases">At least one case; each has a segmentation.</param>
    /// <param name="options">Batch size and so on.</param>
    /// <exception cref="ArgumentException">There is no case, one has no segmentation, or an option is wrong.</exception>
    public CaseBatchSource(IReadOnlyList<CachedCase> cases, CaseBatchOptions? options = null)
        : this(
            [
                .. (cases ?? throw new ArgumentNullException(nameof(cases)))
                    .Select(item => new SourceCase(item.Id, item.Load, item.HasClasses, item.ContentId, () => new CachedVoxels(item))),
            ], isInMemory: false, options)
    {
    }

    /// <summary>Takes cases that are in memory.</summary>
    /// <param name="cases">At least one case; each has a segmentation.</param>
    /// <param name="options">Batch size and so on.</param>
    /// <exception cref="ArgumentException">There is no case, one has no segmentation, or an option is wrong.</exception>
    public CaseBatchSource(IReadOnlyList<PreprocessedCase> cases, CaseBatchOptions? options = null)
        : this(
            [
                .. (cases ?? throw new ArgumentNullException(nameof(cases)))
                    .Select(item => new SourceCase(item.Id, _ => item, item.Classes is not null, null, () => new VoxelsInMemory(item))),
            ], isInMemory: true, options)
    {
    }

    private CaseBatchSource(SourceCase[] cases, bool isInMemory, CaseBatchOptions? options)
    {
        _isInMemory = isInMemory;
        _options = options ?? new();
        _options.Validate();
        if (cases.Length == 0)
            throw new ArgumentException("At least one case is needed.", nameof(cases));
        string[] unlabeled = [.. cases.Where(item => !item.HasClasses).Select(item => item.Id)];
        if (unlabeled.Length > 0)
            throw new ArgumentException($"Training and validation need a segmentation, which is missing in: {string.Join(", ", unlabeled)}.", nameof(cases));
        _cases = cases;
    }

    /// <inheritdoc/>
    public int BatchCount => ((_cases.Length * PatchesPerCase) + _options.BatchSize - 1) / _options.BatchSize;

    private int PatchesPerCase => _options.Patches?.PatchesPerCase ?? 1;

    private bool IsPlain => _options.Patches is null && _options.Augmentation is null;

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">While reading: a case is damaged, or cases of one batch differ in size; the message names them.</exception>
    public IEnumerable<Batch> ReadEpoch(int epoch) => ReadEpoch(epoch, part: 0, parts: 1);

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">While reading: a case is damaged, or cases of one batch differ in size; the message names them.</exception>
    public IEnumerable<Batch> ReadEpoch(int epoch, int part, int parts)
    {
        BatchParts.Check(part, parts);
        int[] order = [.. Enumerable.Range(0, _cases.Length * PatchesPerCase)];
        if (_options.Shuffle)
            Shuffling.Shuffle<int>(order, SeedMixer.Mix(_options.Seed, epoch));

        IEnumerable<int[]> batches = order.Chunk(_options.BatchSize).Where((_, number) => number % parts == part);
        using CancellationTokenSource stop = new();
        using BlockingCollection<BatchArrays> ready = new(_options.ReadAhead);
        Task reader = Task.Factory.StartNew(
            () => ReadAll(batches, epoch, ready, stop.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            foreach (BatchArrays arrays in ready.GetConsumingEnumerable(CancellationToken.None))
            {
                Batch batch = arrays.ToBatch();
                arrays.Recycle(_arrays);
                yield return batch;
            }

            // Throws here, on the consumer's thread, what stopped the reader.
            reader.GetAwaiter().GetResult();
        }
        finally
        {
            // A consumer may leave in mid-epoch; the queue must not go before the reader.
            stop.Cancel();
            Task.WhenAny(reader).Wait(CancellationToken.None);
        }
    }

    // Each number in a batch stands for a case and one of its patches.
    private void ReadAll(IEnumerable<int[]> batches, int epoch, BlockingCollection<BatchArrays> ready, CancellationToken stop)
    {
        try
        {
            PatchReader patches = new(_options.Patches, _options.Augmentation, _arrays);
            foreach (int[] chunk in batches)
            {
                PreprocessedCase[] cases = new PreprocessedCase[chunk.Length];
                for (int i = 0; i < chunk.Length && !stop.IsCancellationRequested; i++)
                    cases[i] = Load(_cases[chunk[i] % _cases.Length], epoch, chunk[i] / _cases.Length, patches);
                stop.ThrowIfCancellationRequested();
                Flips[] flips = [.. chunk.Select(number => DrawFlips(_cases[number % _cases.Length].Id, epoch, number / _cases.Length))];
                // Arrays that a caller holds may change, so only what comes from a cache can promise what it holds; and what is drawn anew each time
                // is not worth to be kept.
                string[]? contentIds = _isInMemory || !IsPlain ? null : [.. chunk.Select((number, i) => $"{_cases[number].ContentId}, {flips[i]}")];
                BatchArrays batch = BatchArrays.Of(cases, flips, contentIds, _arrays);
                foreach (PreprocessedCase item in _isInMemory && IsPlain ? [] : cases)
                    _arrays.Return(item);
                ready.Add(batch, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The consumer has left.
        }
        finally
        {
            ready.CompleteAdding();
        }
    }

    private PreprocessedCase Load(SourceCase item, int epoch, int number, PatchReader patches)
    {
        if (IsPlain)
            return item.Load(_arrays);
        // Several epochs may be read at the same time, and a source keeps a buffer.
        lock (item)
            return patches.Read(item.Voxels.Value, _options.Seed, epoch, number);
    }

    private Flips DrawFlips(string id, int epoch, int number) => !_options.Flip ? default
        : FlipAugmentation.Draw(_options.Seed, epoch, number == 0 ? id : FormattableString.Invariant($"{id}, patch {number}"));

    private sealed class SourceCase(string id, Func<ArrayRecycler, PreprocessedCase> load, bool hasClasses, string? contentId, Func<IVoxelSource> voxels)
    {
        public string Id => id;

        public Func<ArrayRecycler, PreprocessedCase> Load => load;

        public bool HasClasses => hasClasses;

        public string? ContentId => contentId;

        public Lazy<IVoxelSource> Voxels { get; } = new(voxels, LazyThreadSafetyMode.PublicationOnly);
    }
}
