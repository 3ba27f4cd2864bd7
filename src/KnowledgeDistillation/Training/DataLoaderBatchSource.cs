using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Training;

/// <summary>Lets an existing TorchSharp <see cref="DataLoader"/> over a data set feed a trainer.</summary>
/// <remarks>
/// TorchSharp's loader with a seed repeats its order in every epoch; without one, its order follows no seed and a resumed fit sees another.
/// Prefer a source of your own where exact resumption matters, and where several processes share a fit: without a seed each has an order of its own.
/// </remarks>
public sealed class DataLoaderBatchSource : IBatchSource
{
    private readonly DataLoader _loader;
    private readonly IReadOnlyList<string> _modalities;
    private readonly string _labelKey;
    private readonly string? _imageKey;

    /// <summary>Makes a source from items that hold each modality under its own name, each [C, spatial...].</summary>
    /// <param name="loader">The loader, which belongs to the caller.</param>
    /// <param name="modalities">The names to take from an item.</param>
    /// <param name="labelKey">The name under which an item holds its labels, of an integer type [spatial...].</param>
    public DataLoaderBatchSource(DataLoader loader, IReadOnlyList<string> modalities, string labelKey)
        : this(loader, modalities, labelKey, imageKey: null)
    {
    }

    /// <summary>Makes a source from items that hold all modalities as the channels of one image, [C, spatial...].</summary>
    /// <param name="loader">The loader, which belongs to the caller.</param>
    /// <param name="modalities">The name of each channel, in their order.</param>
    /// <param name="labelKey">The name under which an item holds its labels, of an integer type [spatial...].</param>
    /// <param name="imageKey">The name under which an item holds its image.</param>
    public DataLoaderBatchSource(DataLoader loader, IReadOnlyList<string> modalities, string labelKey, string? imageKey)
    {
        ArgumentNullException.ThrowIfNull(loader);
        ArgumentNullException.ThrowIfNull(modalities);
        (_loader, _modalities, _labelKey, _imageKey) = (loader, modalities, labelKey, imageKey);
    }

    /// <inheritdoc/>
    public int BatchCount => (int)_loader.Count;

    /// <inheritdoc/>
    public IEnumerable<Batch> ReadEpoch(int epoch)
    {
        int number = 0;
        foreach (Dictionary<string, Tensor> item in _loader)
        {
            // The loader disposes its tensors when it goes to the next batch; this batch holds handles of its own.
            ModalityImages images = _imageKey is null
                ? new ModalityImages(_modalities.Select(name => KeyValuePair.Create(name, Find(item, name).alias())))
                : SplitChannels(Find(item, _imageKey));
            Tensor classes = Find(item, _labelKey);
            Tensor labels = classes.to(classes.dtype == ScalarType.Byte ? ScalarType.Byte : ScalarType.Int64, copy: true);
            yield return new Batch(images, labels, [.. Enumerable.Range(0, (int)images.BatchSize).Select(i => $"item {number++}")]);
        }
    }

    private ModalityImages SplitChannels(Tensor image)
    {
        if (image.dim() < 3 || image.shape[1] != _modalities.Count)
        {
            throw new ArgumentException($"The data set's image '{_imageKey}' has the shape [{string.Join(", ", image.shape)}]; "
                + $"[N, {_modalities.Count}, spatial...] is needed for the modalities {string.Join(", ", _modalities)}.");
        }

        return new ModalityImages(_modalities.Select((name, channel) => KeyValuePair.Create(name, image.narrow(1, channel, 1))));
    }

    private static Tensor Find(Dictionary<string, Tensor> item, string key) => item.TryGetValue(key, out Tensor? tensor)
        ? tensor
        : throw new ArgumentException($"The data set's items have no '{key}'; they have: {string.Join(", ", item.Keys)}.");
}
