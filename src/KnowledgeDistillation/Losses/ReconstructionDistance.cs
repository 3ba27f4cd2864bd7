namespace KnowledgeDistillation.Losses;

/// <summary>How <see cref="ReconstructionLoss"/> compares two images.</summary>
public enum ReconstructionDistance
{
    /// <summary>The mean squared difference (L2).</summary>
    Squared,

    /// <summary>The mean absolute difference (L1).</summary>
    Absolute,
}
