namespace KnowledgeDistillation.Experiments.Report;

/// <summary>How loudly a text of a report speaks.</summary>
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
