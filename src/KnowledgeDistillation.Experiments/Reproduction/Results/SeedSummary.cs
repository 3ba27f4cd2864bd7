using KnowledgeDistillation.Experiments.Statistics;

namespace KnowledgeDistillation.Experiments.Reproduction.Results;

/// <summary>A metric of one row of the tables with one seed.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="OverFolds">As the paper prints it: mean and sample standard deviation of the folds' means.
/// Its count is that of folds that have a mean; one fold has no deviation.</param>
/// <param name="OverCases">Over the test cases of all folds as one.</param>
internal sealed record SeedSummary(int Seed, MeanAndDeviation OverFolds, CaseSummary OverCases);
