namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>How the intensities of an image are brought to a common scale.</summary>
public enum NormalizationKind
{
    /// <summary>The mean and the population standard deviation of the voxels that are not 0, which are background and stay 0: for skull-stripped MR.</summary>
    ZScoreNonZero,

    /// <summary>The mean and the population standard deviation of all voxels of the image.</summary>
    ZScore,

    /// <summary>
    /// For CT, whose values mean the same in every image: clipped to percentiles 0.5 and 99.5 of the foreground of the training cases, minus its mean, divided
    /// by its standard deviation. 0 is water, not background.
    /// </summary>
    Ct,

    /// <summary>As they are.</summary>
    None,
}
