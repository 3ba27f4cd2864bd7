using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Statistics;

namespace KnowledgeDistillation.Experiments.Reproduction.Results;

/// <summary>A metric of one row of the tables over several seeds.</summary>
/// <param name="Row">The row, <see cref="PlannedRun.Row"/>.</param>
/// <param name="Grid">The grid of the scores.</param>
/// <param name="Region">The region, for example "ET".</param>
/// <param name="Metric">What was measured.</param>
/// <param name="Seeds">Each seed of which a run is done, with the metric over its test cases of all folds.</param>
/// <param name="OverSeeds">Mean and sample standard deviation of the seeds' means; its count is that of the seeds that have a mean.</param>
internal sealed record PooledSummary(
    string Row,
    ScoringGrid Grid,
    string Region,
    RegionMetric Metric,
    IReadOnlyList<(int Seed, CaseSummary OverCases)> Seeds,
    MeanAndDeviation OverSeeds)
{
    /// <summary>The cases of all seeds that count.</summary>
    public int Counted => Seeds.Sum(seed => seed.OverCases.Counted);

    /// <summary>The cases of all seeds that were scored.</summary>
    public int Cases => Seeds.Sum(seed => seed.OverCases.Cases);
}
