using KnowledgeDistillation.Medical.Volumes;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>What was seen in the voxels of one case.</summary>
/// <param name="Grid">The grid of its images.</param>
/// <param name="Images">By modality name.</param>
/// <param name="Labels">
/// How often each number other than 0 occurs in the reference, in the whole volume and in the crop; null where the case has no reference.
/// </param>
public sealed record CaseExamination(
    VolumeGrid Grid, IReadOnlyDictionary<string, ImageExamination> Images, IReadOnlyDictionary<int, (int All, int Kept)>? Labels);
