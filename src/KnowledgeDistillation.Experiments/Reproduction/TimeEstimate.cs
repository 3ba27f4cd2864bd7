namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>How long a run takes.</summary>
/// <param name="Likely">As long as finished runs of its kind on average; or all its steps as fast as the fastest of those that were timed, since what delays a
/// step is the rest of the machine.</param>
/// <param name="Most">As long as the longest finished run of its kind; or all its steps as slow as the slowest that was timed.</param>
public readonly record struct TimeEstimate(TimeSpan Likely, TimeSpan Most);
