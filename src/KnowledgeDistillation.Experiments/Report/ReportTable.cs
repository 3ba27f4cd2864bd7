namespace KnowledgeDistillation.Experiments.Report;

/// <summary>A table of a report. The first column names its rows.</summary>
/// <param name="Caption">What it shows.</param>
/// <param name="Columns">The heads of the columns.</param>
/// <param name="Rows">The cells of each row, as many as there are columns.</param>
internal sealed record ReportTable(string Caption, IReadOnlyList<ReportColumn> Columns, IReadOnlyList<IReadOnlyList<ReportCell>> Rows);

/// <summary>The head of a column.</summary>
/// <param name="Title">Its text.</param>
/// <param name="IsText">Whether its cells are words, which begin at the left, and not numbers.</param>
internal sealed record ReportColumn(string Title, bool IsText = false)
{
    public static implicit operator ReportColumn(string title) => new(title);
}

/// <summary>A cell of a table; what follows "±" is written small.</summary>
internal sealed record ReportCell(string Text, ReportTone Tone = ReportTone.Plain)
{
    public static implicit operator ReportCell(string text) => new(text);
}
