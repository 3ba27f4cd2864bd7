namespace KnowledgeDistillation.Medical.BraTS;

/// <summary>The grade of a glioma, as far as the data set states it.</summary>
public enum TumorGrade
{
    /// <summary>Not known (BraTS 2021 and later, MSD, a bare folder).</summary>
    Unknown,

    /// <summary>High-grade glioma (HGG, glioblastoma).</summary>
    High,

    /// <summary>Low-grade glioma (LGG).</summary>
    Low,
}
