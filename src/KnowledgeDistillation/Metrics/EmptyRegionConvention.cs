namespace KnowledgeDistillation.Metrics;

/// <summary>
/// What an overlap score is worth where a region does not occur, as enhancing tumor in many low-grade gliomas. The choice can move
/// a mean over cases by several points, so reports should say which one they use.
/// </summary>
public enum EmptyRegionConvention
{
    /// <summary>1 where both the reference and the prediction are empty, 0 where only one of them is (the BraTS challenge).</summary>
    ScoreOne,

    /// <summary>NaN, to be left out of means, where the reference is empty, whatever is predicted (the default of MONAI and nnU-Net).</summary>
    Skip,
}
