namespace KnowledgeDistillation.Medical.Datasets;

/// <summary>The files of a case and the numbers in its reference.</summary>
/// <param name="Files">The files.</param>
/// <param name="Present">The numbers other than 0 in its reference; null where it has none or it was not read.</param>
public sealed record CaseLabels(CaseFiles Files, IReadOnlySet<int>? Present);
