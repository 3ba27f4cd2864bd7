namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>A run of a reproduction that ended in an error.</summary>
/// <param name="Run">What was planned.</param>
/// <param name="Reason">The error in one sentence.</param>
internal sealed record FailedRun(PlannedRun Run, string Reason);
