using KnowledgeDistillation.Medical.Nifti;
using KnowledgeDistillation.Medical.Volumes;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>
/// One case of a data set: its name, where its images lie, and what the numbers in its segmentation mean. Nothing is loaded yet. Each data set
/// has its own class of cases, which says what is known of a case besides.
/// </summary>
/// <remarks>Immutable and safe to share between threads.</remarks>
public abstract class ImageCase
{
    private static readonly HashSet<int> NoLabels = [];

    /// <summary>Describes a case.</summary>
    /// <param name="id">Its name: unique in the data set, and fit for a file name.</param>
    /// <param name="images">Files by modality name, at least one.</param>
    /// <param name="segmentationPath">The NIfTI file of the labels, or null.</param>
    /// <exception cref="ArgumentException">The name is no file name, or there is no image.</exception>
    protected ImageCase(string id, IReadOnlyDictionary<string, ImageFile> images, string? segmentationPath)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(id);
        ArgumentNullException.ThrowIfNull(images);
        if (id.AsSpan().IndexOfAny(Path.GetInvalidFileNameChars()) >= 0)
            throw new ArgumentException($"The case name '{id}' cannot be used as a file name.", nameof(id));
        if (images.Count == 0)
            throw new ArgumentException($"Case {id} has no image.", nameof(images));
        (Id, Images, SegmentationPath) = (id, images, segmentationPath);
    }

    /// <summary>Its name.</summary>
    public string Id { get; }

    /// <summary>Files by modality name.</summary>
    public IReadOnlyDictionary<string, ImageFile> Images { get; }

    /// <summary>The NIfTI file of the labels; null where there is none.</summary>
    public string? SegmentationPath { get; }

    /// <summary>
    /// A text that differs whenever the same segmentation would be understood in another way: what decides about the meaning of labels besides the
    /// files themselves. Part of the key of a cache.
    /// </summary>
    public abstract string LabelKey { get; }

    /// <summary>What the numbers in the segmentation mean.</summary>
    /// <param name="present">The numbers other than 0 that occur in it; none where the case has no segmentation.</param>
    /// <exception cref="InvalidDataException">The numbers contradict each other.</exception>
    public abstract LabelMap LabelsFor(IReadOnlySet<int> present);

    /// <summary>Reads the images (in parallel) and, where there is one, the segmentation.</summary>
    /// <param name="modalities">The modalities to read; default: all that the case has.</param>
    /// <exception cref="ArgumentException">The case lacks a modality.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, grids differ, or labels contradict each other; the message names the case.</exception>
    public CaseVolumes Load(params IReadOnlyList<string> modalities)
    {
        ArgumentNullException.ThrowIfNull(modalities);
        string[] names = modalities.Count > 0 ? [.. modalities] : [.. Images.Keys];
        RequireModalities(names);
        (Volume<float>[] volumes, (Volume<int>? segmentation, LabelMap labels)) =
            Read(names, (file, frame) => file.ToVolume(frame), LoadSegmentation, () => (null, LabelsFor(NoLabels)));
        return new CaseVolumes(names.Zip(volumes).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal), segmentation, labels);

        (Volume<int>? Segmentation, LabelMap Labels) LoadSegmentation()
        {
            Volume<int> loaded = NiftiImage.Load(SegmentationPath!).ToLabels();
            return (loaded, LabelsFor(LabelsIn(loaded.Voxels)));
        }
    }

    /// <summary>Reads the same without converting it to volumes, for preprocessing.</summary>
    internal StoredCase LoadStored(IReadOnlyList<string> modalities)
    {
        RequireModalities(modalities);
        ((VolumeGrid Grid, StoredVoxels Voxels)[] images, StoredVoxels? segmentation) = Read(
            modalities,
            (file, frame) => (file.Grid, StoredVoxels.OfImage(file, frame)),
            () => StoredVoxels.OfLabels(NiftiImage.Load(SegmentationPath!)),
            () => (StoredVoxels?)null);
        return new StoredCase(images[0].Grid, [.. images.Select(image => image.Voxels)], segmentation, LabelsFor);
    }

    /// <summary>Why the files cannot be used, judged by their headers, null where they can; and on request the labels other than 0 that occur.</summary>
    internal (string? Fault, IReadOnlySet<int>? Labels) FindFault(bool readLabels)
    {
        try
        {
            if (FindGridFault(Images.Keys) is { } fault)
                return (fault, null);
            return (null, readLabels && SegmentationPath is not null ? LabelsIn(NiftiImage.Load(SegmentationPath).ToLabels().Voxels) : null);
        }
        catch (Exception exception) when (AsDataFault(exception) is { } reason)
        {
            return (reason, null);
        }
    }

    /// <summary>Why files cannot be read to their end, for each that cannot.</summary>
    internal IEnumerable<string> FindUnreadable(IEnumerable<string> modalities)
    {
        foreach (string path in modalities.Select(modality => Images[modality].Path).Append(SegmentationPath!).Where(path => path is not null).Distinct())
        {
            string? fault = null;
            try
            {
                NiftiImage image = NiftiImage.Load(path);
                if (path == SegmentationPath)
                    image.ToLabels();
            }
            catch (Exception exception) when (AsDataFault(exception) is { } reason)
            {
                fault = reason;
            }

            if (fault is not null)
                yield return fault.Contains(path, StringComparison.Ordinal) ? fault : $"'{path}' cannot be read: {fault}";
        }
    }

    // From run to run, because labels come in large patches.
    private static HashSet<int> LabelsIn(ReadOnlySpan<int> voxels)
    {
        HashSet<int> labels = [];
        while (!voxels.IsEmpty)
        {
            labels.Add(voxels[0]);
            int run = voxels.IndexOfAnyExcept(voxels[0]);
            voxels = run < 0 ? [] : voxels[run..];
        }

        labels.Remove(0);
        return labels;
    }

    /// <summary>The message where the exception is about the data and not about the program.</summary>
    private static string? AsDataFault(Exception exception) => exception switch
    {
        IOException or InvalidDataException or UnauthorizedAccessException => exception.Message,
        _ => null,
    };

    // Side by side: a file is inflated on one core.
    private (TImage[] Images, TSegmentation Segmentation) Read<TImage, TSegmentation>(
        IReadOnlyList<string> names, Func<NiftiImage, int, TImage> readImage, Func<TSegmentation> readSegmentation, Func<TSegmentation> withoutSegmentation)
    {
        try
        {
            if (FindGridFault(names) is { } fault)
                throw new InvalidDataException(fault);
            TImage[] images = new TImage[names.Count];
            TSegmentation segmentation = default!;
            ParallelWork.For(names.Count + 1, names.Count + 1, i =>
            {
                if (i < names.Count)
                    images[i] = readImage(NiftiImage.Load(Images[names[i]].Path), Images[names[i]].Frame);
                else
                    segmentation = SegmentationPath is not null ? readSegmentation() : withoutSegmentation();
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

    private string? FindGridFault(IEnumerable<string> modalities)
    {
        (string Name, VolumeGrid Grid)? first = null;
        foreach (string modality in modalities)
        {
            ImageFile image = Images[modality];
            (string path, int frame) = (image.Path, image.Frame);
            NiftiHeader header = NiftiImage.LoadHeader(path);
            if (frame >= header.FrameCount)
                return $"'{path}' holds {header.FrameCount} volume(s), but {modality} is expected as volume {frame + 1}.";
            // A volume that no modality stands for would be dropped without a word.
            int expected = image.VolumeCount ?? Images.Values.Where(other => other.Path == path).Distinct().Count();
            if (expected != header.FrameCount)
                return $"'{path}' holds {header.FrameCount} volume(s) where {(expected == 1 ? "one is" : $"{expected} are")} expected; split the file.";
            if (Compare(modality, header.Grid) is { } fault)
                return fault;
        }

        if (SegmentationPath is null)
            return null;
        NiftiHeader labels = NiftiImage.LoadHeader(SegmentationPath);
        return labels.FrameCount == 1
            ? Compare("the segmentation", labels.Grid)
            : $"the segmentation '{SegmentationPath}' holds {labels.FrameCount} volumes where one is expected; "
                + "where each is a class, combine them to one volume of labels.";

        string? Compare(string name, VolumeGrid grid)
        {
            first ??= (name, grid);
            (string firstName, VolumeGrid expected) = first.Value;
            if (grid.Size != expected.Size)
                return $"grids differ: {firstName} has {expected.Size} voxels, {name} has {grid.Size}.";
            if (!grid.Affine.IsInvertible)
                return $"{name} has the affine {grid.Affine}, which does not span space.";
            return expected.CoincidesWith(grid, CaseVolumes.GridTolerance)
                ? null
                : $"grids differ: {firstName} lies at {expected.Affine}, {name} at {grid.Affine}.";
        }
    }
}
