using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Volumes;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>The voxels of a case as they lie in memory, whether from files or from volumes.</summary>
/// <param name="Grid">The grid of all of them.</param>
/// <param name="Images">One for each modality asked for.</param>
/// <param name="Segmentation">The labels, if there are any.</param>
/// <param name="Labels">What the labels mean, where that is known; else they tell, or <paramref name="Fallback"/> says.</param>
/// <param name="Fallback">What they mean where neither label 3 nor label 4 occurs.</param>
internal sealed record StoredCase(
    VolumeGrid Grid,
    StoredVoxels[] Images,
    StoredVoxels? Segmentation,
    BraTSLabelConvention? Labels,
    BraTSLabelConvention Fallback)
{
    public static StoredCase Of(BraTSVolumes volumes, IReadOnlyList<string> modalities) => new(
        volumes.Grid,
        [.. modalities.Select(name => StoredVoxels.Of(volumes.Images[name].Voxels))],
        volumes.Segmentation is { } segmentation ? StoredVoxels.Of(segmentation.Voxels) : null,
        volumes.Labels,
        volumes.Labels);
}
