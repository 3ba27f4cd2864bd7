namespace KnowledgeDistillation.Methods.Hved;

/// <summary>The distribution q_avail that the fusion of each subset of modalities is pulled towards by <see cref="ModalitySubsetDivergenceLoss"/>.</summary>
public enum SubsetReference
{
    /// <summary>The fusion of all modalities at hand, so that each subset gives the same code as all modalities.</summary>
    AllModalities,

    /// <summary>The fusion of those that were drawn in this step, as in the training code that was published with U-HVED.</summary>
    FusedModalities,
}
