using KnowledgeDistillation.Experiments.Evaluation;

namespace KnowledgeDistillation.Experiments.Reproduction.Results;

/// <summary>A metric over the test cases of one run.</summary>
/// <param name="Run">The run.</param>
/// <param name="Grid">The grid of the scores.</param>
/// <param name="Region">The region, for example "ET".</param>
/// <param name="Metric">What was measured.</param>
/// <param name="Values">Its value for each test case; NaN where a case has none.</param>
internal sealed record FoldSummary(PlannedRun Run, ScoringGrid Grid, string Region, RegionMetric Metric, IReadOnlyList<double> Values)
{
    /// <summary>Over the run's test cases.</summary>
    public CaseSummary OverCases { get; } = CaseSummary.Of(Values);
}
