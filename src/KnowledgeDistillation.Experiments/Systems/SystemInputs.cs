namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>What a trained network needs to segment.</summary>
public enum SystemInputs
{
    /// <summary>The one modality that is at hand.</summary>
    OneModality,

    /// <summary>All four modalities.</summary>
    AllModalities,

    /// <summary>Any of the four modalities, at least one.</summary>
    AnyModalities,
}

/// <summary>What a network needs, in words.</summary>
public static class SystemInputsText
{
    /// <summary>In words: "one", "all four" or "any".</summary>
    public static string Describe(this SystemInputs inputs) => inputs switch
    {
        SystemInputs.OneModality => "one",
        SystemInputs.AllModalities => "all four",
        _ => "any",
    };
}
