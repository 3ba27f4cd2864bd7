using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Medical.Datasets;

/// <summary>The files of a case as a layout found them, before anything was checked.</summary>
/// <param name="id">The name of the case.</param>
/// <param name="folder">The folder in which it was found, for messages.</param>
/// <remarks>Filled by an <see cref="IDatasetLayout"/>; not safe for use by several threads while it is.</remarks>
public sealed class CaseFiles(string id, string folder)
{
    private readonly Dictionary<string, ImageFile> _images = new(StringComparer.Ordinal);
    private readonly List<string> _faults = [];

    /// <summary>The name of the case.</summary>
    public string Id => id;

    /// <summary>The folder in which it was found.</summary>
    public string Folder => folder;

    /// <summary>Files by modality name.</summary>
    public IReadOnlyDictionary<string, ImageFile> Images => _images;

    /// <summary>The file of the reference; null where there is none.</summary>
    public string? SegmentationPath { get; private set; }

    /// <summary>What folds are to have an equal share of; null where it is not known.</summary>
    public string? Group { get; init; }

    /// <summary>
    /// Whether it belongs to the part of a data set that has no references by design: it is passed over where references are needed, and is no fault.
    /// </summary>
    public bool IsTest { get; init; }

    /// <summary>What its labels mean, where the layout fixes it for this case; else null.</summary>
    public LabelConvention? Labels { get; init; }

    /// <summary>What its labels mean as far as the names of its files tell; null where they tell nothing.</summary>
    public LabelConvention? ExpectedLabels { get; init; }

    /// <summary>Why the case cannot be used, each as the rest of a sentence; empty where nothing is wrong so far.</summary>
    public IReadOnlyList<string> Faults => _faults;

    /// <summary>Adds an image; a second one of the same modality is a fault.</summary>
    public void AddImage(string modality, ImageFile file)
    {
        ArgumentException.ThrowIfNullOrEmpty(modality);
        ArgumentNullException.ThrowIfNull(file);
        if (!_images.TryAdd(modality, file))
            AddFault($"there are two files for {modality}: '{_images[modality].Path}' and '{file.Path}'.");
    }

    /// <summary>Adds the reference; a second one is a fault.</summary>
    public void AddSegmentation(string path)
    {
        if (SegmentationPath is not null)
            AddFault($"there are two segmentations: '{SegmentationPath}' and '{path}'.");
        SegmentationPath = path;
    }

    /// <summary>Says why the case cannot be used.</summary>
    /// <param name="reason">The rest of a sentence that begins with the name of the case.</param>
    public void AddFault(string reason) => _faults.Add(reason);
}
