namespace KnowledgeDistillation.Medical.Prediction;

/// <summary>What <see cref="PostProcessor"/> changes in a segmentation. Immutable; the defaults change nothing.</summary>
public sealed record PostProcessingOptions
{
    /// <summary>
    /// Whether only the largest part that hangs together (26 neighbors) of all that is not background is kept. Default no: a disease may have several places.
    /// </summary>
    public bool LargestComponent { get; init; }

    /// <summary>Regions that are replaced where they are too small; after <see cref="LargestComponent"/>. Default none.</summary>
    public IReadOnlyList<MinimumVolume> MinimumVolumes { get; init; } = [];
}
