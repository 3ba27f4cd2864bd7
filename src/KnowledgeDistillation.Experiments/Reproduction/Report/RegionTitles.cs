namespace KnowledgeDistillation.Experiments.Reproduction.Report;

/// <summary>The names of regions for readers who do not know their letters.</summary>
internal static class RegionTitles
{
    public static string Of(string region) => region switch
    {
        "ET" => "Enhancing tumor (ET)",
        "TC" => "Tumor core (TC)",
        "WT" => "Whole tumor (WT)",
        _ => region,
    };
}
