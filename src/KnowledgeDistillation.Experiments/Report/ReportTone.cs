namespace KnowledgeDistillation.Experiments.Report;

/// <summary>How much a text of a report stands out.</summary>
internal enum ReportTone
{
    /// <summary>As usual.</summary>
    Plain,

    /// <summary>An introduction.</summary>
    Lead,

    /// <summary>A remark, or a figure of others.</summary>
    Muted,

    /// <summary>What matters.</summary>
    Strong,
}
