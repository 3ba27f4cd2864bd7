namespace KnowledgeDistillation.Experiments.Pairs;

/// <summary>What a <see cref="PairedStudy"/> has come to, what other processes have done included.</summary>
/// <param name="Planned">The number of pairs that were asked for.</param>
/// <param name="Finished">The number of those that are done.</param>
/// <param name="Failed">
/// The pairs that failed in this call, or whose files are damaged, by name, each with the reason; empty where all went well.
/// </param>
/// <param name="Report">The path of the report, an HTML file; report.md stands beside it, and the tables are in the folder results.</param>
public sealed record PairedStudyOutcome(int Planned, int Finished, IReadOnlyDictionary<string, string> Failed, string Report);
