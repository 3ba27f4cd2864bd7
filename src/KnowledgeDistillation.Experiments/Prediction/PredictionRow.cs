using KnowledgeDistillation.Medical.Prediction;

namespace KnowledgeDistillation.Experiments.Prediction;

/// <summary>What became of a case.</summary>
/// <param name="Id">The name of the case.</param>
/// <param name="Status">Whether it was segmented.</param>
/// <param name="Result">The file of its labels; null where there is none.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Volumes">The volumes of the regions; empty where it failed.</param>
/// <param name="Removed">What post-processing took away.</param>
/// <param name="Doubts">Why the result may be worth little.</param>
/// <param name="Error">Why it failed; null where it did not.</param>
public sealed record PredictionRow(
    string Id,
    PredictionStatus Status,
    string? Result,
    double Seconds,
    IReadOnlyList<RegionVolume> Volumes,
    IReadOnlyList<RemovedVoxels> Removed,
    IReadOnlyList<string> Doubts,
    string? Error);
