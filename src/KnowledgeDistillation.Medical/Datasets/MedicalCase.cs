using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Medical.Datasets;

/// <summary>
/// One case of a data set: its name, where its images lie, what the numbers in its reference mean, and the group that it belongs to. Nothing is loaded yet.
/// </summary>
/// <remarks>Immutable and safe to share between threads.</remarks>
public sealed class MedicalCase : ImageCase
{
    /// <summary>Describes a case; <see cref="MedicalDataset.Open"/> does so for whole folders.</summary>
    /// <param name="id">Its name: unique in the data set, and fit for a file name.</param>
    /// <param name="images">Files by modality name, at least one.</param>
    /// <param name="labels">What the numbers in the reference mean: the convention of the data set.</param>
    /// <param name="segmentationPath">The NIfTI file of the reference, or null.</param>
    /// <param name="group">What folds are to have an equal share of, for example a grade or a hospital; null where it is not known.</param>
    /// <exception cref="ArgumentException">The name is no file name, or there is no image.</exception>
    public MedicalCase(
        string id, IReadOnlyDictionary<string, ImageFile> images, LabelConvention labels, string? segmentationPath = null, string? group = null)
        : this(id, images, labels, segmentationPath, group, labels?.Key)
    {
    }

    internal MedicalCase(
        string id, IReadOnlyDictionary<string, ImageFile> images, LabelConvention labels, string? segmentationPath, string? group, string? labelKey)
        : base(id, images, segmentationPath)
    {
        ArgumentNullException.ThrowIfNull(labels);
        (Labels, Group, LabelKey) = (labels, group, labelKey!);
    }

    /// <summary>What folds are to have an equal share of, for example a grade or a hospital; null where it is not known.</summary>
    public string? Group { get; }

    /// <summary>What the numbers in the reference mean: the convention of the data set.</summary>
    public LabelConvention Labels { get; }

    /// <inheritdoc/>
    public override string LabelKey { get; }

    /// <inheritdoc/>
    public override LabelMap LabelsFor(IReadOnlySet<int> present) => Labels.Map;
}
