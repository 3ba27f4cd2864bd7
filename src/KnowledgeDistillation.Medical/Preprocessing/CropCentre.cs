namespace KnowledgeDistillation.Medical;

/// <summary>Around what a volume is cropped or padded.</summary>
public enum CropCentre
{
    /// <summary>The centre of the volume.</summary>
    Volume,

    /// <summary>The centre of the box around all voxels that are non-zero in any modality.</summary>
    Brain,
}
