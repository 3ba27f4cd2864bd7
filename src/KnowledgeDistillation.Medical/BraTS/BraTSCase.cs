using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Medical.Volumes;

namespace KnowledgeDistillation.Medical.BraTS;

/// <summary>One case of a data set: its name, what is known of it, and where its images lie. Nothing is loaded yet.</summary>
/// <remarks>Immutable and safe to share between threads.</remarks>
public sealed class BraTSCase
{
    private readonly BraTSLabelConvention? _labels;
    private readonly BraTSLabelConvention _fallback;

    /// <summary>Describes a case; <see cref="BraTSDataset.Open"/> does so for whole folders.</summary>
    /// <param name="id">Its name: unique in the data set, and fit for a file name.</param>
    /// <param name="images">Files by modality name, at least one.</param>
    /// <param name="segmentationPath">The NIfTI file of the labels, or null.</param>
    /// <param name="grade">The grade, where known.</param>
    /// <param name="labels">What the labels on disk mean, or null to find out whether enhancing tumor is 3 or 4.</param>
    /// <param name="fallback">What they mean where neither 3 nor 4 occurs; default <see cref="BraTSLabelConvention.BraTS2018"/>.</param>
    /// <exception cref="ArgumentException">The name is no file name, or there is no image.</exception>
    public BraTSCase(
        string id,
        IReadOnlyDictionary<string, BraTSImageFile> images,
        string? segmentationPath = null,
        TumorGrade grade = TumorGrade.Unknown,
        BraTSLabelConvention? labels = null,
        BraTSLabelConvention? fallback = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(id);
        ArgumentNullException.ThrowIfNull(images);
        if (id.AsSpan().IndexOfAny(Path.GetInvalidFileNameChars()) >= 0)
            throw new ArgumentException($"The case name '{id}' cannot be used as a file name.", nameof(id));
        if (images.Count == 0)
            throw new ArgumentException($"Case {id} has no image.", nameof(images));
        (Id, Images, SegmentationPath, Grade, _labels, _fallback) = (id, images, segmentationPath, grade, labels, fallback ?? BraTSLabelConvention.BraTS2018);
    }

    /// <summary>Its name.</summary>
    public string Id { get; }

    /// <summary>The grade, where known.</summary>
    public TumorGrade Grade { get; }

    /// <summary>Files by modality name (<see cref="BraTSModality"/>).</summary>
    public IReadOnlyDictionary<string, BraTSImageFile> Images { get; }

    /// <summary>The NIfTI file of the labels; null where there is none.</summary>
    public string? SegmentationPath { get; }

    /// <summary>What decides about the meaning of labels besides the files themselves; part of the key of a cache.</summary>
    internal string LabelKey => $"{_labels};{_fallback}";

    /// <summary>Reads the images (in parallel) and, where there is one, the segmentation.</summary>
    /// <param name="modalities">The modalities to read; default: all that the case has.</param>
    /// <exception cref="ArgumentException">The case lacks a modality.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, grids differ, or labels are unknown; the message names the case.</exception>
    public BraTSVolumes Load(params IReadOnlyList<string> modalities)
    {
        ArgumentNullException.ThrowIfNull(modalities);
        string[] names = modalities.Count > 0 ? [.. modalities] : [.. Images.Keys];
        RequireModalities(names);
        (Volume[] volumes, (LabelVolume? segmentation, BraTSLabelConvention labels)) =
            Read(names, (file, frame) => file.ToVolume(frame), LoadSegmentation, (null, _labels ?? _fallback));
        return new BraTSVolumes(names.Zip(volumes).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal), segmentation, labels);
    }

    /// <summary>Reads the same without converting it to volumes, for preprocessing.</summary>
    internal StoredCase LoadStored(IReadOnlyList<string> modalities)
    {
        RequireModalities(modalities);
        ((VolumeGrid Grid, StoredVoxels Voxels)[] images, StoredVoxels? segmentation) = Read(
            modalities,
            (file, frame) => (file.Grid, StoredVoxels.OfImage(file, frame)),
            () => StoredVoxels.OfLabels(NiftiImage.Load(SegmentationPath!)),
            null);
        return new StoredCase(images[0].Grid, [.. images.Select(image => image.Voxels)], segmentation, _labels, _fallback);
    }

    /// <summary>Why the files cannot be used, judged by their headers and, on request, by the labels; null where they can.</summary>
    internal string? FindFault(bool verifySegmentation)
    {
        try
        {
            if (FindGridFault(Images.Keys) is { } fault)
                return fault;
            if (verifySegmentation && SegmentationPath is not null)
            {
                (LabelVolume? segmentation, BraTSLabelConvention labels) = LoadSegmentation();
                labels.ToClasses(segmentation!);
            }

            return null;
        }
        catch (Exception exception) when (AsDataFault(exception) is { } reason)
        {
            return reason;
        }
    }

    /// <summary>The message where the exception is about the data and not about the program.</summary>
    // Side by side: a file is inflated on one core.
    private (TImage[] Images, TSegmentation Segmentation) Read<TImage, TSegmentation>(
        IReadOnlyList<string> names, Func<NiftiImage, int, TImage> readImage, Func<TSegmentation> readSegmentation, TSegmentation withoutSegmentation)
    {
        try
        {
            if (FindGridFault(names) is { } fault)
                throw new InvalidDataException(fault);
            TImage[] images = new TImage[names.Count];
            TSegmentation segmentation = withoutSegmentation;
            ParallelWork.For(names.Count + 1, names.Count + 1, i =>
            {
                if (i < names.Count)
                    images[i] = readImage(NiftiImage.Load(Images[names[i]].Path), Images[names[i]].Frame);
                else if (SegmentationPath is not null)
                    segmentation = readSegmentation();
            });
            return (images, segmentation);
        }
        catch (Exception exception) when (AsDataFault(exception) is { } reason)
        {
            throw new InvalidDataException($"Case {Id}: {reason}", exception);
        }
    }

    private void RequireModalities(IReadOnlyList<string> modalities)
    {
        foreach (string name in modalities)
        {
            if (!Images.ContainsKey(name))
                throw new ArgumentException($"Case {Id} has no modality '{name}'; it has: {string.Join(", ", Images.Keys)}.", nameof(modalities));
        }
    }

    private static string? AsDataFault(Exception exception) => exception switch
    {
        IOException or InvalidDataException or UnauthorizedAccessException => exception.Message,
        _ => null,
    };

    private (LabelVolume? Segmentation, BraTSLabelConvention Labels) LoadSegmentation()
    {
        LabelVolume segmentation = NiftiImage.Load(SegmentationPath!).ToLabels(0);
        return (segmentation, _labels ?? BraTSLabelConvention.Detect(segmentation, _fallback));
    }

    private string? FindGridFault(IEnumerable<string> modalities)
    {
        (string Name, VolumeGrid Grid)? first = null;
        foreach (string modality in modalities)
        {
            (string path, int frame) = Images[modality];
            NiftiHeader header = NiftiImage.LoadHeader(path);
            if (frame >= header.FrameCount)
                return $"'{path}' holds {header.FrameCount} volume(s), but {modality} is expected as volume {frame + 1}.";
            if (Compare(modality, header.Grid) is { } fault)
                return fault;
        }

        return SegmentationPath is null ? null : Compare("the segmentation", NiftiImage.LoadHeader(SegmentationPath).Grid);

        string? Compare(string name, VolumeGrid grid)
        {
            first ??= (name, grid);
            (string firstName, VolumeGrid expected) = first.Value;
            if ((grid.SizeX, grid.SizeY, grid.SizeZ) != (expected.SizeX, expected.SizeY, expected.SizeZ))
            {
                return $"grids differ: {firstName} has {expected.SizeX}×{expected.SizeY}×{expected.SizeZ} voxels, "
                    + $"{name} has {grid.SizeX}×{grid.SizeY}×{grid.SizeZ}.";
            }

            if (!grid.Affine.IsInvertible)
                return $"{name} has the affine {grid.Affine}, which does not span space.";
            return expected.CoincidesWith(grid, BraTSVolumes.GridTolerance)
                ? null
                : $"grids differ: {firstName} lies at {expected.Affine}, {name} at {grid.Affine}.";
        }
    }
}
