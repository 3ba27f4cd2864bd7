using KnowledgeDistillation.Experiments.Evaluation;

namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>A run of a reproduction that is done.</summary>
/// <param name="Run">What was planned.</param>
/// <param name="Folder">Where its checkpoints are: best and last.</param>
/// <param name="Scores">The scores of each test case, on each grid and in each region.</param>
/// <param name="History">How its network learned.</param>
/// <param name="Facts">When, how long, with what.</param>
internal sealed record FinishedRun(PlannedRun Run, string Folder, IReadOnlyList<CaseScore> Scores, IReadOnlyList<EpochReport> History, RunFacts Facts);
