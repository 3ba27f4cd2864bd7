using static TorchSharp.torch;

namespace KnowledgeDistillation;

/// <summary>
/// The images of one batch by the name of their modality, each [N, C, spatial...] with the same N, spatial size, device and element type.
/// Everything that sees images takes them from here by name, so that channels cannot be mixed up and a missing one is noticed.
/// </summary>
/// <remarks>A view: the tensors belong to whoever made them (usually a <see cref="Batch"/>). Names are case-sensitive.</remarks>
public sealed class ModalityImages
{
    private readonly Dictionary<string, Tensor> _images = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];

    /// <summary>Makes a set of images.</summary>
    /// <param name="images">At least one name with its image.</param>
    /// <exception cref="ArgumentException">No image, an empty name, a name twice, or images that differ in batch size,
    /// spatial size, device or element type.</exception>
    public ModalityImages(IEnumerable<KeyValuePair<string, Tensor>> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        foreach ((string name, Tensor image) in images)
        {
            if (string.IsNullOrWhiteSpace(name) || image is null)
            {
                throw new ArgumentException(
                    $"A modality needs a name and an image, but the name is '{name}' and the image {(image is null ? "absent" : "there")}.", nameof(images));
            }

            if (!_images.TryAdd(name, image))
                throw new ArgumentException($"The modality '{name}' was given twice.", nameof(images));
            _names.Add(name);
        }

        if (_names.Count == 0)
            throw new ArgumentException("At least one image is needed.", nameof(images));
        foreach (string name in _names)
            CheckAgainstFirst(name);
    }

    /// <summary>Makes a set of images.</summary>
    /// <param name="images">At least one name with its image.</param>
    public ModalityImages(params (string Name, Tensor Image)[] images)
        : this(images.Select(image => KeyValuePair.Create(image.Name, image.Image)))
    {
    }

    /// <summary>The names of the modalities at hand, in the order in which they were given.</summary>
    public IReadOnlyList<string> Names => _names;

    /// <summary>Number of samples N.</summary>
    public long BatchSize => First.shape[0];

    /// <summary>The spatial size, for example [D, H, W].</summary>
    public long[] SpatialSize => First.shape[2..];

    /// <summary>The device on which the images lie.</summary>
    public Device Device => First.device;

    /// <summary>The image of a modality, [N, C, spatial...].</summary>
    /// <exception cref="ArgumentException">There is no such modality.</exception>
    public Tensor this[string name] => _images.TryGetValue(name, out Tensor? image)
        ? image
        : throw new ArgumentException($"The modality '{name}' is missing; there are: {string.Join(", ", _names)}.", nameof(name));

    private Tensor First => _images[_names[0]];

    /// <summary>Whether a modality is at hand.</summary>
    public bool Contains(string name) => _images.ContainsKey(name);

    /// <summary>The same images without all modalities but the named ones.</summary>
    /// <exception cref="ArgumentException">A modality is missing.</exception>
    public ModalityImages Only(params IEnumerable<string> names) => new(names.Select(name => KeyValuePair.Create(name, this[name])));

    /// <summary>Joins images along their channels, in the order of the names.</summary>
    /// <returns>A fresh tensor handle [N, ΣC, spatial...].</returns>
    /// <exception cref="ArgumentException">A modality is missing, or no name was given.</exception>
    public Tensor Concatenate(IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        if (names.Count == 0)
            throw new ArgumentException("At least one modality is needed.", nameof(names));
        return names.Count == 1 ? this[names[0]].alias() : cat([.. names.Select(name => this[name])], 1);
    }

    /// <summary>Applies an operation to each image, for example a crop or a copy to a device.</summary>
    public ModalityImages Select(Func<Tensor, Tensor> operation)
    {
        ArgumentNullException.ThrowIfNull(operation);
        return new(_names.Select(name => KeyValuePair.Create(name, operation(_images[name]))));
    }

    private void CheckAgainstFirst(string name)
    {
        Tensor image = _images[name];
        if (image.dim() < 3)
        {
            throw new ArgumentException(
                $"The image '{name}' has the shape [{string.Join(", ", image.shape)}]; [N, C, spatial...] with at least one spatial dimension is needed.");
        }

        bool sameGrid = image.shape[0] == BatchSize && image.shape.AsSpan(2).SequenceEqual(SpatialSize);
        if (!sameGrid)
        {
            throw new ArgumentException($"The images '{_names[0]}' [{string.Join(", ", First.shape)}] and '{name}' [{string.Join(", ", image.shape)}] differ "
                + "in batch size or spatial size.");
        }

        if (image.dtype != First.dtype || image.device.type != First.device.type || image.device.index != First.device.index)
        {
            throw new ArgumentException(
                $"The images '{_names[0]}' ({First.dtype}, {First.device}) and '{name}' ({image.dtype}, {image.device}) differ in element type or device.");
        }
    }
}
