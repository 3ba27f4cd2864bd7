using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Medical.BraTS;

/// <summary>One case of a BraTS data set: its name, its grade, and where its images lie. Nothing is loaded yet.</summary>
/// <remarks>Immutable and safe to share between threads.</remarks>
public sealed class BraTSCase : ImageCase
{
    private readonly BraTSLabelConvention _fallback;
    private readonly bool _foundByDataset;

    /// <summary>Describes a case; <see cref="BraTSDataset.Open"/> does so for whole folders.</summary>
    /// <param name="id">Its name: unique in the data set, and fit for a file name.</param>
    /// <param name="images">Files by modality name (<see cref="BraTSModality"/>), at least one.</param>
    /// <param name="segmentationPath">The NIfTI file of the labels, or null.</param>
    /// <param name="grade">The grade, where known.</param>
    /// <param name="labels">What the labels on disk mean, or null to find out whether enhancing tumor is 3 or 4.</param>
    /// <param name="fallback">What they mean where neither 3 nor 4 occurs; default <see cref="BraTSLabelConvention.BraTS2018"/>.</param>
    /// <exception cref="ArgumentException">The name is no file name, or there is no image.</exception>
    public BraTSCase(
        string id,
        IReadOnlyDictionary<string, ImageFile> images,
        string? segmentationPath = null,
        TumorGrade grade = TumorGrade.Unknown,
        BraTSLabelConvention? labels = null,
        BraTSLabelConvention? fallback = null)
        : base(id, images, segmentationPath) =>
        (Grade, Labels, _fallback) = (grade, labels, fallback ?? BraTSLabelConvention.BraTS2018);

    private BraTSCase(BraTSCase source, BraTSLabelConvention labels)
        : base(source.Id, source.Images, source.SegmentationPath) =>
        (Grade, Labels, _fallback, _foundByDataset) = (source.Grade, labels, source._fallback, true);

    /// <summary>The grade, where known.</summary>
    public TumorGrade Grade { get; }

    /// <summary>What the labels on disk mean: the convention of the data set. Null where it is found out from the segmentation of this case alone.</summary>
    public BraTSLabelConvention? Labels { get; }

    /// <inheritdoc/>
    // Caches on disk are found by this text: they were made when each case was judged alone, with the same result where the data set follows its names.
    public override string LabelKey => _foundByDataset && Labels == _fallback ? $";{_fallback}" : $"{Labels};{_fallback}";

    /// <inheritdoc/>
    public override LabelMap LabelsFor(IReadOnlySet<int> present) => (Labels ?? BraTSLabelConvention.Detect(present, _fallback)).Map;

    /// <summary>The same case with the convention that its data set was found to have.</summary>
    internal BraTSCase WithFoundLabels(BraTSLabelConvention labels) => Labels is null ? new(this, labels) : this;
}
