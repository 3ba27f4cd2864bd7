using KnowledgeDistillation.Medical.BraTS;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>The names of modalities as radiologists write them.</summary>
internal static class ModalityTitles
{
    public static string Of(string modality) => modality switch
    {
        BraTSModality.T1 => "T1",
        BraTSModality.T1ce => "T1ce",
        BraTSModality.T2 => "T2",
        BraTSModality.Flair => "FLAIR",
        _ => modality,
    };
}
