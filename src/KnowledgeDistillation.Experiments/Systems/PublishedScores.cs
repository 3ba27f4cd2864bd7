using System.Globalization;
using KnowledgeDistillation.Medical.BraTS;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>
/// What is published of a method that the KD-Net paper does not compare with: Dice in percent by region with T1ce alone in use. Every publication has splits,
/// sizes of images and training of its own, so two such figures that differ by a point or two say nothing about the methods.
/// </summary>
/// <param name="Dice">Dice in percent by region: ET, TC and WT.</param>
/// <param name="Data">The data set, for example "BraTS 2018".</param>
/// <param name="Source">Whose table it is, for example "the authors' table" or "SMU-Net's table".</param>
public sealed record PublishedScores(IReadOnlyDictionary<string, double> Dice, string Data, string Source)
{
    /// <summary>What must be said beside such figures.</summary>
    public const string Note =
        "Published: with T1ce alone, in percent, from tables whose splits, grids and training differ from each other and from ours; "
            + "a point or two says nothing.";

    /// <summary>The scores of the regions of BraTS.</summary>
    /// <param name="enhancing">Dice of the enhancing tumor, ET, in percent.</param>
    /// <param name="core">Dice of the tumor core, TC, in percent.</param>
    /// <param name="whole">Dice of the whole tumor, WT, in percent.</param>
    /// <param name="data">The data set.</param>
    /// <param name="source">Whose table it is.</param>
    public static PublishedScores OfBraTS(double enhancing, double core, double whole, string data, string source) => new(
        BraTSRegions.All.Zip([enhancing, core, whole]).ToDictionary(pair => pair.First.Name, pair => pair.Second, StringComparer.Ordinal), data, source);

    /// <summary>For example "76.01"; empty for a region that has no figure.</summary>
    public string Text(string region) => Dice.TryGetValue(region, out double dice) ? dice.ToString("0.0#", CultureInfo.InvariantCulture) : "";
}
