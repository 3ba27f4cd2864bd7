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

    /// <summary>What the labels mean where the segmentation itself leaves it open.</summary>
    public BraTSLabelConvention FallbackLabels { get; private set; } = BraTSLabelConvention.BraTS2018;

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

    /// <summary>Takes label 3 for enhancing tumor where the segmentation leaves it open: that label and new file names came together in 2023.</summary>
    public void AssumeLabelsOf2023() => FallbackLabels = BraTSLabelConvention.BraTS2023;
}
