namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>What a trained network needs to segment.</summary>
internal enum SystemInputs
{
    /// <summary>The one modality that is at hand.</summary>
    OneModality,

    /// <summary>All four modalities.</summary>
    AllModalities,

    /// <summary>Any of the four modalities, at least one.</summary>
    AnyModalities,
}

internal static class SystemInputsText
{
    public static string Describe(this SystemInputs inputs) => inputs switch
    {
        SystemInputs.OneModality => "one",
        SystemInputs.AllModalities => "all four",
        _ => "any",
    };
}
