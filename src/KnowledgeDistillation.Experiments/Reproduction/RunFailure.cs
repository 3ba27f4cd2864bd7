namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>How an attempt at a run failed.</summary>
/// <param name="Reason">The error in one sentence.</param>
/// <param name="Attempt">The number of the attempt, by which a failure is told from a former one.</param>
internal sealed record RunFailure(string Reason, int Attempt);
