namespace KnowledgeDistillation.Medical.BraTS;

/// <summary>The names of the four BraTS modalities, used wherever a network or a data set says which images it wants.</summary>
public static class BraTSModality
{
    /// <summary>Native T1-weighted.</summary>
    public const string T1 = "t1";

    /// <summary>T1-weighted after contrast agent (gadolinium); the student's modality in the paper.</summary>
    public const string T1ce = "t1ce";

    /// <summary>T2-weighted.</summary>
    public const string T2 = "t2";

    /// <summary>T2 fluid-attenuated inversion recovery.</summary>
    public const string Flair = "flair";

    /// <summary>All four, in the channel order of the multi-modal network: t1, t1ce, t2, flair.</summary>
    public static IReadOnlyList<string> All { get; } = [T1, T1ce, T2, Flair];

    /// <summary>The name of a modality as radiologists write it, for example "FLAIR"; other names are returned as they are.</summary>
    public static string Title(string modality) => modality switch
    {
        T1 => "T1",
        T1ce => "T1ce",
        T2 => "T2",
        Flair => "FLAIR",
        _ => modality,
    };
}
