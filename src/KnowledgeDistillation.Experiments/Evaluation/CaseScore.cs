using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Experiments.Evaluation;

/// <summary>The scores of one region of one case.</summary>
/// <param name="Network">The title of the network.</param>
/// <param name="CaseId">The name of the case.</param>
/// <param name="Grade">Its grade.</param>
/// <param name="Grid">The grid on which prediction and reference were compared.</param>
/// <param name="Region">The scores.</param>
public sealed record CaseScore(string Network, string CaseId, TumorGrade Grade, ScoringGrid Grid, RegionScores Region);
