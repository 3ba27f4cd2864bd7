namespace KnowledgeDistillation.Experiments.Report;

/// <summary>
/// A part of a report, from which both its HTML and its Markdown are made, so that the two cannot differ. All texts are plain: the writers escape them.
/// </summary>
internal abstract record ReportBlock
{
    /// <summary>A heading; level 2 for a section, 3 for a part of it.</summary>
    internal sealed record Heading(int Level, string Text) : ReportBlock;

    /// <summary>A paragraph.</summary>
    internal sealed record Paragraph(string Text, ReportTone Tone = ReportTone.Plain) : ReportBlock;

    /// <summary>A list of sentences.</summary>
    internal sealed record Bullets(IReadOnlyList<string> Items, ReportTone Tone = ReportTone.Plain) : ReportBlock;

    /// <summary>
    /// The findings, at least one sentence, set to catch the eye: the first sums up the others. The words before the first colon of each are strong.
    /// </summary>
    internal sealed record Findings(IReadOnlyList<string> Items) : ReportBlock;

    /// <summary>A table.</summary>
    internal sealed record Table(ReportTable Content) : ReportBlock;

    /// <summary>Charts that belong together.</summary>
    internal sealed record Charts(IReadOnlyList<ReportChart> Items) : ReportBlock;

    /// <summary>A row of pictures.</summary>
    internal sealed record Pictures(ComparisonFigure Figure) : ReportBlock;

    /// <summary>What colors mean.</summary>
    internal sealed record Legend(IReadOnlyList<(string Name, string Hex)> Colors) : ReportBlock;

    /// <summary>Links to other files, with addresses relative to the report's.</summary>
    internal sealed record Links(IReadOnlyList<(string Text, string Address)> Items) : ReportBlock;

    /// <summary>What few readers need: collapsed until a reader opens it; always printed.</summary>
    internal sealed record Details(string Summary, IReadOnlyList<ReportBlock> Blocks) : ReportBlock;
}
