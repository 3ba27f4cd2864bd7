using KnowledgeDistillation.Experiments.Evaluation;

namespace KnowledgeDistillation.Experiments.Reproduction.Results;

/// <summary>A metric over the test cases of one run.</summary>
/// <param name="Run">The run.</param>
/// <param name="Grid">The grid of the scores.</param>
/// <param name="Region">The region, for example "ET".</param>
/// <param name="Metric">What was measured.</param>
/// <param name="OverCases">Over the run's test cases.</param>
internal sealed record FoldSummary(PlannedRun Run, ScoringGrid Grid, string Region, RegionMetric Metric, CaseSummary OverCases);
