using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>The cases of a reproduction as one of its folds sees them.</summary>
/// <param name="Dataset">All cases.</param>
/// <param name="Cached">The same, preprocessed, by name.</param>
/// <param name="Statistics">The numbers of the fold's training cases by which images were normalized, by modality; empty where there are none.</param>
internal sealed record PreparedData(
    MedicalDataset Dataset, IReadOnlyDictionary<string, CachedCase> Cached, IReadOnlyDictionary<string, Normalization> Statistics);
