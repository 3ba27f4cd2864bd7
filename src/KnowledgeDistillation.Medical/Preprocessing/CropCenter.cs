namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>The point around which a volume is cropped or padded.</summary>
public enum CropCenter
{
    /// <summary>The center of the volume.</summary>
    Volume,

    /// <summary>The center of the box around all voxels that are non-zero in any modality.</summary>
    Brain,
}
