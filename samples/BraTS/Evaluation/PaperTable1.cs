namespace KnowledgeDistillation.Samples.BraTS;

/// <summary>Table 1 of the KD-Net paper: Dice in percent, mean ± standard deviation over three folds of BraTS 2018 at 64³.</summary>
internal static class PaperTable1
{
    /// <summary>What stands in the way of comparing the paper's figures with one's own.</summary>
    public const string Note = "The paper's figures are for BraTS 2018 (285 patients) at 64³ voxels, and its ± is over three folds, not over cases.";

    public static string Dice(SegmentationSystem system, string region) => (system.Name, region) switch
    {
        ("baseline", "ET") => "68.10 ± 1.27",
        ("baseline", "TC") => "80.28 ± 2.44",
        ("baseline", "WT") => "77.06 ± 1.47",
        ("teacher", "ET") => "69.47 ± 1.86",
        ("teacher", "TC") => "80.77 ± 1.18",
        ("teacher", "WT") => "88.48 ± 0.79",
        ("kd-net", "ET") => "71.67 ± 1.22",
        ("kd-net", "TC") => "81.45 ± 1.25",
        ("kd-net", "WT") => "76.98 ± 1.54",
        _ => throw new ArgumentOutOfRangeException(nameof(region), region, "The table has ET, TC and WT."),
    };
}
