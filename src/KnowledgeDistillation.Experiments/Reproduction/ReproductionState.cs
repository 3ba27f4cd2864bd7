using KnowledgeDistillation.Experiments.Settings;

namespace KnowledgeDistillation.Experiments.Reproduction;

/// <summary>How far a reproduction is: what results, statistics and the report are made from.</summary>
/// <param name="Settings">The settings that all runs share.</param>
/// <param name="Data">Where the cases come from: "phantoms", or the name of the data set's folder.</param>
/// <param name="Plan">All runs.</param>
/// <param name="Finished">Those that are done.</param>
/// <param name="Failed">Those that ended in an error.</param>
internal sealed record ReproductionState(
    ExperimentSettings Settings,
    string Data,
    IReadOnlyList<PlannedRun> Plan,
    IReadOnlyList<FinishedRun> Finished,
    IReadOnlyList<FailedRun> Failed)
{
    /// <summary>Rows of the tables that nobody asked for, so that they are not missed.</summary>
    public IReadOnlyList<string> LeftOut { get; init; } = [];
}
