using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Medical.BraTS;

/// <summary>The files of a case as they were found, before anything was checked.</summary>
internal sealed class CaseFiles(string id, string folder)
{
    public string Id => id;

    public string Folder => folder;

    public Dictionary<string, ImageFile> Images { get; } = new(StringComparer.Ordinal);

    public string? SegmentationPath { get; private set; }

    /// <summary>What the labels mean, where the layout fixes it.</summary>
    public BraTSLabelConvention? Labels { get; init; }

    /// <summary>Whether the files are named as since 2023, when enhancing tumor became label 3.</summary>
    public bool HasNamesOf2023 { get; set; }

    /// <summary>Whether this is a child's tumor, which has labels of its own.</summary>
    public bool IsPediatric => id.StartsWith("BraTS-PED", StringComparison.OrdinalIgnoreCase);

    /// <summary>What the labels mean where the segmentations of the data set leave it open.</summary>
    public BraTSLabelConvention FallbackLabels => IsPediatric ? BraTSLabelConvention.Pediatric
        : HasNamesOf2023 ? BraTSLabelConvention.BraTS2023
        : BraTSLabelConvention.BraTS2018;

    public List<string> Faults { get; } = [];

    public void AddImage(string modality, ImageFile file)
    {
        if (!Images.TryAdd(modality, file))
            Faults.Add($"there are two files for {modality}: '{Images[modality].Path}' and '{file.Path}'.");
    }

    public void AddSegmentation(string path)
    {
        if (SegmentationPath is not null)
            Faults.Add($"there are two segmentations: '{SegmentationPath}' and '{path}'.");
        SegmentationPath = path;
    }
}
