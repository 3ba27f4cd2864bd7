namespace KnowledgeDistillation.Experiments.Report;

/// <summary>A report, independent of the form in which it is written.</summary>
/// <param name="Title">Its title.</param>
/// <param name="Blocks">Its parts in their order.</param>
internal sealed record ReportDocument(string Title, IReadOnlyList<ReportBlock> Blocks);
