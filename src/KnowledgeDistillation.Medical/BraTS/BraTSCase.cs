namespace KnowledgeDistillation.Medical;

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
    /// <param name="labels">What the labels on disk mean, or null to find out whether enhancing tumour is 3 or 4.</param>
    /// <param name="fallback">What they mean where neither 3 nor 4 occurs; default <see cref="BraTSLabelConvention.BraTS2018"/>.</param>
    /// <exception cref="ArgumentException">The name is no file name, or there is no image.</exception>
    public BraTSCase(
        string id,
        IReadOnlyDictionary<string, BraTSImageFile> images,
        string? segmentationPath = null,
        TumourGrade grade = TumourGrade.Unknown,
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
    public TumourGrade Grade { get; }

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
        foreach (string name in names)
        {
            if (!Images.ContainsKey(name))
                throw new ArgumentException($"Case {Id} has no modality '{name}'; it has: {string.Join(", ", Images.Keys)}.", nameof(modalities));
        }

        try
        {
            if (FindGridFault(names) is { } fault)
                throw new InvalidDataException(fault);
            Volume[] volumes = new Volume[names.Length];
            (LabelVolume? segmentation, BraTSLabelConvention labels) = (null, _labels ?? _fallback);
            ParallelWork.For(names.Length + 1, names.Length + 1, i =>
            {
                if (i < names.Length)
                    volumes[i] = NiftiImage.Load(Images[names[i]].Path).ToVolume(Images[names[i]].Frame);
                else if (SegmentationPath is not null)
                    (segmentation, labels) = LoadSegmentation();
            });
            return new BraTSVolumes(names.Zip(volumes).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal), segmentation, labels);
        }
        catch (Exception exception) when (AsDataFault(exception) is { } reason)
        {
            throw new InvalidDataException($"Case {Id}: {reason}", exception);
        }
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
                (LabelVolume segmentation, BraTSLabelConvention labels) = LoadSegmentation();
                labels.ToClasses(segmentation);
            }

            return null;
        }
        catch (Exception exception) when (AsDataFault(exception) is { } reason)
        {
            return reason;
        }
    }

    /// <summary>The message where the exception is about the data and not about the program.</summary>
    private static string? AsDataFault(Exception exception) => exception switch
    {
        IOException or InvalidDataException or UnauthorizedAccessException => exception.Message,
        _ => null,
    };

    private (LabelVolume Segmentation, BraTSLabelConvention Labels) LoadSegmentation()
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
                return $"grids differ: {firstName} has {expected.SizeX}×{expected.SizeY}×{expected.SizeZ} voxels, {name} has {grid.SizeX}×{grid.SizeY}×{grid.SizeZ}.";
            if (!grid.Affine.IsInvertible)
                return $"{name} has the affine {grid.Affine}, which does not span space.";
            return expected.CoincidesWith(grid, BraTSVolumes.GridTolerance) ? null : $"grids differ: {firstName} lies at {expected.Affine}, {name} at {grid.Affine}.";
        }
    }
}
