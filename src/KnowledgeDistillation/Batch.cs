using TorchSharp;
using static TorchSharp.torch;

namespace KnowledgeDistillation;

/// <summary>Some cases at once: all their images by modality, their reference labels, and their names.</summary>
/// <remarks>Owns its tensors: disposing the batch disposes them.</remarks>
public sealed class Batch : IDisposable
{
    private LabelRange? _labelRange;

    /// <summary>Makes a batch, which from now on owns the tensors.</summary>
    /// <param name="images">The images, each [N, C, spatial...].</param>
    /// <param name="labels">Class of each voxel, int64 [N, spatial...], 0 for background.</param>
    /// <param name="caseIds">The names of the N cases, used in messages and as keys.</param>
    /// <exception cref="ArgumentException">Shapes, element type or the number of names do not fit together.</exception>
    public Batch(ModalityImages images, Tensor labels, IReadOnlyList<string> caseIds)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(caseIds);
        if (labels.dtype != ScalarType.Int64)
            throw new ArgumentException($"Labels must be int64, but are {labels.dtype}.", nameof(labels));
        if (!labels.shape.SequenceEqual([images.BatchSize, .. images.SpatialSize]))
        {
            throw new ArgumentException(
                $"Labels [{string.Join(", ", labels.shape)}] do not fit images of batch size {images.BatchSize} and spatial size "
                    + $"[{string.Join(", ", images.SpatialSize)}].",
                nameof(labels));
        }

        if (caseIds.Count != images.BatchSize)
            throw new ArgumentException($"{caseIds.Count} case names were given for {images.BatchSize} cases.", nameof(caseIds));
        (Images, Labels, CaseIds) = (images, labels, caseIds);
    }

    /// <summary>The images by modality.</summary>
    public ModalityImages Images { get; }

    /// <summary>Class of each voxel, int64 [N, spatial...].</summary>
    public Tensor Labels { get; }

    /// <summary>The names of the cases.</summary>
    public IReadOnlyList<string> CaseIds { get; }

    /// <summary>
    /// The smallest and the largest label: looked up where the labels first were, because fetching them from a GPU would wait for all that it was told before.
    /// </summary>
    internal LabelRange LabelRange => _labelRange ??= LabelRange.Of(Labels);

    /// <summary>A copy of this batch on a device, or a batch that shares the tensors where they lie there already. Both must be disposed.</summary>
    public Batch To(Device device) => new(Images.Select(image => OnDevice(image, device)), OnDevice(Labels, device), CaseIds) { _labelRange = LabelRange };

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (string name in Images.Names)
            Images[name].Dispose();
        Labels.Dispose();
    }

    // Torch returns the very same handle where nothing needs to be copied; an alias keeps the two batches' lifetimes apart.
    private static Tensor OnDevice(Tensor tensor, Device device)
    {
        // From ordinary memory a copy has been taken when the call returns, so nothing need wait for its arrival; towards ordinary memory it must.
        Tensor moved = tensor.to(device, non_blocking: tensor.device_type == DeviceType.CPU);
        return ReferenceEquals(moved, tensor) ? tensor.alias() : moved;
    }
}
