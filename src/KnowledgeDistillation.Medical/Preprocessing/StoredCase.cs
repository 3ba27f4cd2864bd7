using KnowledgeDistillation.Medical.Volumes;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>The voxels of a case as they lie in memory, whether from files or from volumes.</summary>
/// <param name="Grid">The grid of all of them.</param>
/// <param name="Images">One for each modality asked for.</param>
/// <param name="Segmentation">The labels, if there are any.</param>
/// <param name="LabelsFor">What the labels mean, given those that occur.</param>
internal sealed record StoredCase(
    VolumeGrid Grid,
    StoredVoxels[] Images,
    StoredVoxels? Segmentation,
    Func<IReadOnlySet<int>, LabelMap> LabelsFor)
{
    /// <summary>The same case with images as the options want their background.</summary>
    public StoredCase Cleaned(PreprocessingOptions options) => this with
    {
        Images = [.. Images.Select((image, index) => options.NormalizationOf(options.Modalities[index]).ZeroIsBackground
            ? image.Cleaned(options, Grid.Size)
            : image.Cleaned(options with { Background = null }, Grid.Size))],
    };

    public static StoredCase Of(CaseVolumes volumes, IReadOnlyList<string> modalities) => new(
        volumes.Grid,
        [.. modalities.Select(name => StoredVoxels.Of(volumes.Images[name].Voxels))],
        volumes.Segmentation is { } segmentation ? StoredVoxels.Of(segmentation.Voxels) : null,
        _ => volumes.Labels);
}
