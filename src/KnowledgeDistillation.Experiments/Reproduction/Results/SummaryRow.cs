using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Statistics;

namespace KnowledgeDistillation.Experiments.Reproduction.Results;

/// <summary>A metric of one row of the tables over all its runs that are done.</summary>
/// <param name="Row">The row, <see cref="PlannedRun.Row"/>.</param>
/// <param name="Grid">The grid of the scores.</param>
/// <param name="Region">The region, for example "ET".</param>
/// <param name="Metric">What was measured.</param>
/// <param name="OverFolds">As the paper prints it: mean and sample standard deviation of the folds' means.
/// Its count is that of folds that have a mean; one fold has no deviation.</param>
/// <param name="OverCases">Over the test cases of all folds as one.</param>
/// <param name="PlannedFolds">How many folds the row is to have.</param>
internal sealed record SummaryRow(
    string Row,
    ScoringGrid Grid,
    string Region,
    RegionMetric Metric,
    MeanAndDeviation OverFolds,
    CaseSummary OverCases,
    int PlannedFolds);
