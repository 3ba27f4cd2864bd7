namespace KnowledgeDistillation.Experiments.Report;

/// <summary>A chart of a report.</summary>
/// <param name="Title">Its title.</param>
/// <param name="Description">What it shows, for readers who cannot see it.</param>
/// <param name="Svg">The drawing: an svg element without namespace, whose colors are those of chart.css.</param>
internal sealed record ReportChart(string Title, string Description, string Svg);
