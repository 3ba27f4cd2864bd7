using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Statistics;

namespace KnowledgeDistillation.Experiments.Reproduction.Results;

/// <summary>A metric of one row of the tables over all its runs that are done, with one or several seeds.</summary>
/// <param name="Row">The row, <see cref="PlannedRun.Row"/>.</param>
/// <param name="Grid">The grid of the scores.</param>
/// <param name="Region">The region, for example "ET".</param>
/// <param name="Metric">What was measured.</param>
/// <param name="Seeds">Each seed of which a run is done.</param>
/// <param name="OverSeeds">
/// Mean and sample standard deviation of the seeds' means over their cases; its count is that of the seeds that have a mean. One seed has no deviation.
/// </param>
/// <param name="OverFolds">Mean and sample standard deviation of the means of all folds of all seeds.</param>
/// <param name="PlannedFolds">How many folds of all seeds the row is to have.</param>
internal sealed record SummaryRow(
    string Row,
    ScoringGrid Grid,
    string Region,
    RegionMetric Metric,
    IReadOnlyList<SeedSummary> Seeds,
    MeanAndDeviation OverSeeds,
    MeanAndDeviation OverFolds,
    int PlannedFolds)
{
    /// <summary>The cases of all seeds that were scored.</summary>
    public int Cases => Seeds.Sum(seed => seed.OverCases.Cases);

    /// <summary>Those that have no value, for example because the region is empty.</summary>
    public int Skipped => Seeds.Sum(seed => seed.OverCases.Skipped);

    /// <summary>Those whose distance is infinite.</summary>
    public int Infinite => Seeds.Sum(seed => seed.OverCases.Infinite);

    /// <summary>The cases that count.</summary>
    public int Counted => Cases - Skipped - Infinite;
}
