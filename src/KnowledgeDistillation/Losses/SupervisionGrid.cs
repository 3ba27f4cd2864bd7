namespace KnowledgeDistillation.Losses;

/// <summary>In which resolution the segmentation of a level is compared with the reference.</summary>
public enum SupervisionGrid
{
    /// <summary>In that of the images: the logits are interpolated linearly. The default.</summary>
    Image,

    /// <summary>In that of the level: of each block of the reference the voxel of its lowest corner is compared, as in nnU-Net.</summary>
    Level,
}
