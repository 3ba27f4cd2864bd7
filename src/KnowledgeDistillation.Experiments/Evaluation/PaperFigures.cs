using System.Globalization;
using KnowledgeDistillation.Medical.BraTS;
using KnowledgeDistillation.Medical.Datasets;

namespace KnowledgeDistillation.Experiments.Evaluation;

/// <summary>A row of the KD-Net paper's Tables 1 and 2: Dice in percent on BraTS 2018 at 64³ with T1ce alone (the teacher: all four modalities).</summary>
/// <param name="System">The name of the system.</param>
/// <param name="SkipConnections">4 or 0; null for networks with skip connections of their own.</param>
/// <param name="Model">The row's name in the paper.</param>
/// <param name="Objective">The losses, as Table 2 writes them; empty for networks that only Table 1 has.</param>
/// <param name="Dice">Mean and, where the paper gives one, standard deviation over three folds, by region.</param>
public sealed record PaperFigures(
    string System,
    int? SkipConnections,
    string Model,
    string Objective,
    IReadOnlyDictionary<string, (double Mean, double? Deviation)> Dice)
{
    /// <summary>What the abbreviations of the regions stand for.</summary>
    public const string Regions = "ET is the enhancing tumor, TC the tumor core (ET and necrosis), WT the whole tumor (TC and edema).";

    /// <summary>What one experiment of a few cases cannot show.</summary>
    public const string OneSeed =
        "One seed and a few test cases show that everything works, not whether a method helps: a teacher may come out below its baseline.";

    /// <summary>Why the paper's figures cannot be compared directly with one's own.</summary>
    public const string Note = "The paper's figures are for BraTS 2018 (285 patients) at 64³ voxels, and its ± is over three folds, not over cases.";

    /// <summary>Whether the paper has figures for a data set: whether its regions are those of BraTS, ET, TC and WT.</summary>
    /// <param name="data">The data set.</param>
    public static bool AreFor(DatasetDescription data)
    {
        ArgumentNullException.ThrowIfNull(data);
        return data.Regions.Select(region => region.Name).ToHashSet(StringComparer.Ordinal).SetEquals(BraTSRegions.All.Select(region => region.Name));
    }

    /// <summary>All rows of Table 2, whose part with 4 skip connections is in Table 1 too.</summary>
    public static IReadOnlyList<PaperFigures> Table2 { get; } =
    [
        Of("baseline", 4, "Baseline", "GT", (68.1, 1.27), (80.28, 2.44), (77.06, 1.47)),
        Of("teacher", 4, "Teacher", "GT", (69.47, 1.86), (80.77, 1.18), (88.48, 0.79)),
        Of("gt-kl", 4, "KD-Net", "GT + KL", (70.00, 1.51), (80.85, 1.82), (77.08, 1.29)),
        Of("gt-kd", 4, "KD-Net", "GT + KD", (69.22, 1.19), (80.54, 1.66), (76.83, 1.36)),
        Of("kd-net", 4, "KD-Net", "GT + KL + KD", (71.67, 1.22), (81.45, 1.25), (76.98, 1.54)),
        Of("baseline", 0, "Baseline", "GT", (42.95, 3.42), (69.44, 1.37), (69.41, 1.52)),
        Of("teacher", 0, "Teacher", "GT", (42.59, 2.54), (69.79, 1.63), (75.93, 0.33)),
        Of("gt-kl", 0, "KD-Net", "GT + KL", (47.59, 0.98), (70.96, 1.73), (71.41, 1.2)),
        Of("gt-kd", 0, "KD-Net", "GT + KD", (44.8, 1.1), (70.12, 2.42), (70.19, 1.4)),
        Of("kd-net", 0, "KD-Net", "GT + KL + KD", (46.23, 2.91), (70.73, 2.47), (71.93, 1.26)),
    ];

    /// <summary>The rows of Table 1 in its order.</summary>
    public static IReadOnlyList<PaperFigures> Table1 { get; } =
    [
        Find("baseline", 4) with { Model = "Baseline (nnU-Net)" },
        Find("teacher", 4) with { Model = "Teacher (4 modalities)" },
        Of("u-hved", null, "U-HVED", "", (65.5, null), (66.7, null), (62.4, null)),
        Of("u-hemis", null, "HeMIS", "", (60.8, null), (58.5, null), (58.5, null)),
        Find("kd-net", 4),
    ];

    /// <summary>The row of Table 2 of a system.</summary>
    public static PaperFigures Find(string system, int skipConnections) => Table2.Single(row => row.System == system && row.SkipConnections == skipConnections);

    /// <summary>
    /// The row of a system as the paper compares it with others, in Table 1 or with all skip connections in Table 2; null where there is none.
    /// </summary>
    public static PaperFigures? OfSystem(string system) => Table1.Concat(Table2).FirstOrDefault(row => row.System == system && row.SkipConnections is not 0);

    /// <summary>
    /// By how many points of Dice it is ahead of the baseline of Table 2 with as many skip connections, 4 where it has ones of its own.
    /// </summary>
    public double GainOf(string region) => Dice[region].Mean - Find("baseline", SkipConnections ?? 4).Dice[region].Mean;

    /// <summary>For example "71.67 ± 1.22".</summary>
    public string Text(string region) => Dice[region] switch
    {
        (double mean, { } deviation) => string.Create(CultureInfo.InvariantCulture, $"{mean:0.00} ± {deviation:0.00}"),
        (double mean, null) => mean.ToString("0.00", CultureInfo.InvariantCulture),
    };

    private static PaperFigures Of(
        string system,
        int? skips,
        string model,
        string objective,
        (double, double?) enhancing,
        (double, double?) core,
        (double, double?) whole) =>
        new(system, skips, model, objective, new Dictionary<string, (double, double?)> { ["ET"] = enhancing, ["TC"] = core, ["WT"] = whole });
}
