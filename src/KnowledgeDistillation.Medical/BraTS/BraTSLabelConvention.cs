using System.Globalization;
using KnowledgeDistillation.Medical.Datasets;
using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Medical.BraTS;

/// <summary>
/// Which numbers stand for which tissue in the references of the BraTS challenges. Whatever the numbers, the classes are the same: 1 necrosis and
/// non-enhancing tumor, 2 edema, 3 enhancing tumor, and so are the regions (<see cref="BraTSRegions"/>).
/// </summary>
public static class BraTSLabelConvention
{
    /// <summary>The class of background in the arrays that a network is trained with.</summary>
    public const int BackgroundClass = 0;

    /// <summary>The class of necrosis and non-enhancing tumor.</summary>
    public const int NecrosisClass = 1;

    /// <summary>The class of edema.</summary>
    public const int EdemaClass = 2;

    /// <summary>The class of enhancing tumor.</summary>
    public const int EnhancingClass = 3;

    private static readonly string[] TissueNames = ["necrosis", "edema", "enhancing"];

    /// <summary>BraTS 2017 to 2021: necrosis 1, edema 2, enhancing tumor 4.</summary>
    public static LabelConvention BraTS2018 { get; } = Of(1, 2, 4);

    /// <summary>BraTS 2023 and later: necrosis 1, edema 2, enhancing tumor 3.</summary>
    public static LabelConvention BraTS2023 { get; } = Of(1, 2, 3);

    /// <summary>
    /// BraTS 2024 and later, after an operation: as <see cref="BraTS2023"/>, and 4 is the resection cavity, which is no tumor and is ignored.
    /// </summary>
    public static LabelConvention BraTS2024 { get; } = Of(1, 2, 3, new Dictionary<int, int> { [4] = LabelMap.Ignored });

    /// <summary>
    /// Tumors of children, since 2024: enhancing tumor 1, non-enhancing tumor 2, cyst 3 (which belongs to the core,
    /// so that it is folded into class 1), edema 4.
    /// </summary>
    public static LabelConvention Pediatric { get; } = Of(2, 4, 1, new Dictionary<int, int> { [3] = NecrosisClass });

    /// <summary>Task01 of the Medical Segmentation Decathlon: edema 1, non-enhancing tumor 2, enhancing tumor 3.</summary>
    public static LabelConvention MedicalSegmentationDecathlon { get; } = Of(2, 1, 3);

    /// <summary>Makes a convention.</summary>
    /// <param name="necrosisLabel">The number of necrosis and non-enhancing tumor.</param>
    /// <param name="edemaLabel">The number of peritumoral edema.</param>
    /// <param name="enhancingLabel">The number of enhancing tumor.</param>
    /// <param name="others">
    /// The class of each further number, which is read but never written: a class into which it is folded, <see cref="BackgroundClass"/>, or
    /// <see cref="LabelMap.Ignored"/>; default none.
    /// </param>
    /// <exception cref="ArgumentException">Two labels are equal, or one is 0.</exception>
    public static LabelConvention Of(int necrosisLabel, int edemaLabel, int enhancingLabel, IReadOnlyDictionary<int, int>? others = null) => new(
        new LabelMap(
            [("necrosis and non-enhancing tumor", necrosisLabel), ("edema", edemaLabel), ("enhancing tumor", enhancingLabel)],
            others ?? new Dictionary<int, int>()),
        BraTSRegions.All)
    {
        ShortNames = TissueNames,
        Classes = BraTSRegions.Classes,
        // Caches of prepared images are found by this text, so its spelling is that of those that are on disk.
        Key = string.Create(
            CultureInfo.InvariantCulture,
            $"BraTSLabelConvention {{ NecrosisLabel = {necrosisLabel}, OedemaLabel = {edemaLabel}, EnhancingLabel = {enhancingLabel}{KeyOf(others)} }}"),
    };

    /// <summary>Reads a convention from a text.</summary>
    /// <param name="text">
    /// Each label with its tissue, for example "1=necrosis,2=edema,3=enhancing,4=ignore": necrosis, edema and enhancing at least once; ignore for labels that
    /// are left out of losses and scores, background for those that count as such. Of several labels of one tissue, the first is the one that predictions are
    /// written with.
    /// </param>
    /// <exception cref="FormatException">The text is none; the message says why.</exception>
    public static LabelConvention Parse(string text)
    {
        int[] first = new int[TissueNames.Length];
        Dictionary<int, int> others = [];
        foreach ((int label, string name) in LabelConvention.Pairs(text))
        {
            if (LabelConvention.OtherClassOf(name) is { } other)
            {
                others.Add(label, other);
                continue;
            }

            int tissue = TissueOf(name);
            if (tissue < 0)
                throw LabelConvention.Wrong(text, $"there is no tissue '{name}'");
            if (first[tissue] == 0)
                first[tissue] = label;
            else
                others.Add(label, tissue + 1);
        }

        string[] missing = [.. TissueNames.Where((_, tissue) => first[tissue] == 0)];
        return missing.Length == 0
            ? Of(first[0], first[1], first[2], others)
            : throw LabelConvention.Wrong(text, $"no label is given for {string.Join(" and ", missing)}");
    }

    /// <summary>
    /// Whether a text that <see cref="LabelConvention.Parse"/> reads speaks of the tissues of BraTS: of necrosis or enhancing tumor, and of more of its tissues
    /// than of other things, so that a word that is misspelled is not taken for a class of its own.
    /// </summary>
    /// <exception cref="FormatException">The text says nothing of labels.</exception>
    public static bool IsMeantBy(string text)
    {
        int[] tissues = [.. LabelConvention.Pairs(text).Where(pair => LabelConvention.OtherClassOf(pair.Name) is null).Select(pair => TissueOf(pair.Name))];
        return tissues.Any(tissue => tissue is NecrosisClass - 1 or EnhancingClass - 1) && 2 * tissues.Count(tissue => tissue >= 0) > tissues.Length;
    }

    // Some write the word with an o.
    private static int TissueOf(string name) => Array.FindIndex(TissueNames, known => known.Equals(name, StringComparison.OrdinalIgnoreCase)
        || (known == TissueNames[EdemaClass - 1] && name.Equals("o" + known, StringComparison.OrdinalIgnoreCase)));

    private static string KeyOf(IReadOnlyDictionary<int, int>? others) => string.Concat((others ?? new Dictionary<int, int>()).OrderBy(other => other.Key)
        .Select(other => string.Create(
            CultureInfo.InvariantCulture,
            $", {other.Key} = {other.Value switch { LabelMap.Ignored => "left out", 0 => "ignore", int tissue => TissueNames[tissue - 1] }}")));
}
