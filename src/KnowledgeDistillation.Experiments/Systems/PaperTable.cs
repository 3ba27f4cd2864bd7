namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>Which table of the KD-Net paper compares a system.</summary>
public enum PaperTable
{
    /// <summary>None: the paper only mentions it, or does not know it.</summary>
    None,

    /// <summary>Table 1 alone: a network of another paper, which works with any modalities.</summary>
    Table1,

    /// <summary>Table 2, the ablation of KD-Net.</summary>
    Table2,
}
