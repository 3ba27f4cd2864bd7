using KnowledgeDistillation.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace KnowledgeDistillation;

/// <summary>Some cases at once: all their images by modality, their reference labels, and their names.</summary>
/// <remarks>Owns its tensors: disposing the batch disposes them.</remarks>
public sealed class Batch : IDisposable
{
    private (long Smallest, long Largest, long LargestCounted)? _labelRange;

    /// <summary>Makes a batch, which from now on owns the tensors.</summary>
    /// <param name="images">The images, each [N, C, spatial...].</param>
    /// <param name="labels">Class of each voxel, uint8 (an eighth of the memory) or int64 [N, spatial...], 0 for background.</param>
    /// <param name="caseIds">The names of the N cases, used in messages and as keys.</param>
    /// <param name="contentIds">See <see cref="ContentIds"/>; null (the default) where the source cannot promise it.</param>
    /// <exception cref="ArgumentException">Shapes, element type or the number of names or identities do not fit together.</exception>
    public Batch(ModalityImages images, Tensor labels, IReadOnlyList<string> caseIds, IReadOnlyList<string>? contentIds = null)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(labels);
        ArgumentNullException.ThrowIfNull(caseIds);
        LabelScheme.CheckType(labels);
        if (!labels.shape.SequenceEqual([images.BatchSize, .. images.SpatialSize]))
        {
            throw new ArgumentException(
                $"Labels [{string.Join(", ", labels.shape)}] do not fit images of batch size {images.BatchSize} and spatial size "
                    + $"[{string.Join(", ", images.SpatialSize)}].",
                nameof(labels));
        }

        if (caseIds.Count != images.BatchSize)
            throw new ArgumentException($"{caseIds.Count} case names were given for {images.BatchSize} cases.", nameof(caseIds));
        if (contentIds is not null && contentIds.Count != images.BatchSize)
            throw new ArgumentException($"{contentIds.Count} content identities were given for {images.BatchSize} cases.", nameof(contentIds));
        (Images, Labels, CaseIds, ContentIds) = (images, labels, caseIds, contentIds);
    }

    // The same samples as another batch, whose parts are known to fit together.
    private Batch(Batch other, Func<Tensor, Tensor> operation)
    {
        (Images, Labels, CaseIds, ContentIds) = (other.Images.Select(operation), operation(other.Labels), other.CaseIds, other.ContentIds);
        _labelRange = other._labelRange;
    }

    /// <summary>The images by modality.</summary>
    public ModalityImages Images { get; }

    /// <summary>Class of each voxel, uint8 or int64 [N, spatial...].</summary>
    public Tensor Labels { get; }

    /// <summary>The names of the cases.</summary>
    public IReadOnlyList<string> CaseIds { get; }

    /// <summary>
    /// One text per case that determines what its images hold, by their modality, voxel by voxel: where they come from, how they were prepared and how
    /// they were augmented. Two samples with the same text must have the same images, in this run and in any other. With it a teacher's cache
    /// knows a sample without looking at its voxels. Null where the source cannot promise that.
    /// </summary>
    public IReadOnlyList<string>? ContentIds { get; }

    /// <summary>
    /// The smallest and the largest label, and the largest that is not <see cref="LabelScheme.Ignored"/>: looked up where the labels were first, because
    /// fetching them from a GPU would wait for all that is queued there.
    /// </summary>
    internal (long Smallest, long Largest, long LargestCounted) LabelRange => _labelRange ??= LabelScheme.RangeOf(Labels);

    /// <summary>Where labels are <see cref="LabelScheme.Ignored"/>, booleans [N, spatial...]; null where none is or 255 is a class.</summary>
    internal Tensor? IgnoredVoxels(LabelScheme labels) =>
        LabelRange.Largest == LabelScheme.Ignored && labels.ClassCount <= LabelScheme.Ignored ? Labels.IsEqualTo(LabelScheme.Ignored) : null;

    /// <summary>The same images, not copied, with background in place of <see cref="IgnoredVoxels"/>. Only its labels are to be disposed.</summary>
    internal Batch WithBackground(Tensor ignored)
    {
        (long smallest, _, long largest) = LabelRange;
        return new(Images, Labels.Filled(ignored, 0), CaseIds, ContentIds) { _labelRange = (Math.Min(smallest, 0), largest, largest) };
    }

    /// <summary>A copy of this batch on a device, or a batch that shares the tensors where they lie there already. Both must be disposed.</summary>
    public Batch To(Device device)
    {
        if (Images.Device.type == device.type && Images.Device.index == device.index)
            return new Batch(this, tensor => tensor.alias());
        _ = LabelRange;
        return new Batch(this, tensor => OnDevice(tensor, device));
    }

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
        // A copy from ordinary memory has been read when the call returns, so nobody waits for its arrival; a copy to ordinary memory must be awaited.
        Tensor moved = tensor.to(device, non_blocking: tensor.device_type == DeviceType.CPU);
        return ReferenceEquals(moved, tensor) ? tensor.alias() : moved;
    }
}
