using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Experiments.Evaluation;

/// <summary>A case to score, and how to get it as the network sees it.</summary>
public sealed record EvaluationCase(MedicalCase Source, Func<PreprocessedCase> Load)
{
    /// <summary>A case that is loaded from a cache.</summary>
    public static EvaluationCase Of(MedicalCase source, CachedCase cached) => new(source, cached.Load);
}
