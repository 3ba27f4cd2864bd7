namespace KnowledgeDistillation.Samples.BraTS;

/// <summary>The names of regions for readers who do not know their letters.</summary>
internal static class RegionTitles
{
    public static string Of(string region) => region switch
    {
        "ET" => "Enhancing tumour (ET)",
        "TC" => "Tumour core (TC)",
        "WT" => "Whole tumour (WT)",
        _ => region,
    };
}
