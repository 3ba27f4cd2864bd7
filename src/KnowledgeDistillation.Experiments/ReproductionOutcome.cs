namespace KnowledgeDistillation.Experiments;

/// <summary>What a <see cref="ReproductionStudy"/> has come to, what other processes have done included.</summary>
/// <param name="Planned">The number of runs that belong to it: those that were chosen, and those that were done before.</param>
/// <param name="Finished">The number of those that are done.</param>
/// <param name="NotDone">The chosen runs of this process that are not done, by name, each with the reason; empty where all went well.</param>
/// <param name="Report">The path of the report, an HTML file; report.md stands beside it, and the tables are in the folder results.</param>
public sealed record ReproductionOutcome(int Planned, int Finished, IReadOnlyDictionary<string, string> NotDone, string Report);
