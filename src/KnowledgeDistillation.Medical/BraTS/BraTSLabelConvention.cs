using System.Globalization;
using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Medical.BraTS;

/// <summary>
/// Which numbers stand for which tissue in the segmentation files of a data set; 0 is always background. A data set has one convention, which
/// <see cref="BraTSDataset.Open"/> finds from all its cases.
/// </summary>
/// <param name="NecrosisLabel">Necrosis and non-enhancing tumor.</param>
/// <param name="EdemaLabel">Peritumoral edema.</param>
/// <param name="EnhancingLabel">Enhancing tumor.</param>
public sealed record BraTSLabelConvention(int NecrosisLabel, int EdemaLabel, int EnhancingLabel)
{
    /// <summary>The class of background in the arrays that a network is trained with.</summary>
    public const int BackgroundClass = 0;

    /// <summary>The class of necrosis and non-enhancing tumor.</summary>
    public const int NecrosisClass = 1;

    /// <summary>The class of edema.</summary>
    public const int EdemaClass = 2;

    /// <summary>The class of enhancing tumor.</summary>
    public const int EnhancingClass = 3;

    private static readonly string[] TissueNames = ["ignore", "necrosis", "edema", "enhancing"];

    private readonly SortedDictionary<int, int> _others = [];

    /// <summary>BraTS 2017 to 2021: necrosis 1, edema 2, enhancing tumor 4.</summary>
    public static BraTSLabelConvention BraTS2018 { get; } = new(1, 2, 4);

    /// <summary>BraTS 2023 and later: necrosis 1, edema 2, enhancing tumor 3.</summary>
    public static BraTSLabelConvention BraTS2023 { get; } = new(1, 2, 3);

    /// <summary>
    /// BraTS 2024 and later, after an operation: as <see cref="BraTS2023"/>, and 4 is the resection cavity, which is no tumor and is ignored.
    /// </summary>
    public static BraTSLabelConvention BraTS2024 { get; } = new(1, 2, 3) { Others = new Dictionary<int, int> { [4] = BackgroundClass } };

    /// <summary>
    /// Tumors of children, since 2024: enhancing tumor 1, non-enhancing tumor 2, cyst 3 (which belongs to the core,
    /// so that it is folded into class 1), edema 4.
    /// </summary>
    public static BraTSLabelConvention Pediatric { get; } = new(2, 4, 1) { Others = new Dictionary<int, int> { [3] = NecrosisClass } };

    /// <summary>Task01 of the Medical Segmentation Decathlon: edema 1, non-enhancing tumor 2, enhancing tumor 3.</summary>
    public static BraTSLabelConvention MedicalSegmentationDecathlon { get; } = new(2, 1, 3);

    /// <summary>
    /// The class of each further label, which is read but never written: <see cref="BackgroundClass"/> where it is ignored (it counts as background in
    /// training and in scores), else the class into which it is folded. Default none.
    /// </summary>
    public IReadOnlyDictionary<int, int> Others
    {
        get => _others;
        init => _others = new SortedDictionary<int, int>(value?.ToDictionary() ?? throw new ArgumentNullException(nameof(value)));
    }

    /// <summary>The classes with their labels.</summary>
    /// <exception cref="ArgumentException">Two labels are equal, or one is 0.</exception>
    public LabelMap Map => new(
        [("necrosis and non-enhancing tumor", NecrosisLabel), ("edema", EdemaLabel), ("enhancing tumor", EnhancingLabel)], _others);

    /// <summary>Reads a convention from a text.</summary>
    /// <param name="text">
    /// Each label with its tissue, for example "1=necrosis,2=edema,3=enhancing,4=ignore": necrosis, edema and enhancing at least once, and ignore for
    /// labels that count as background. Of several labels of one tissue, the first is the one that predictions are written with.
    /// </param>
    /// <exception cref="FormatException">The text is none; the message says why.</exception>
    public static BraTSLabelConvention Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int[] first = new int[TissueNames.Length];
        Dictionary<int, int> others = [];
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (part.Split('=', StringSplitOptions.TrimEntries) is not [var number, var name]
                || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int label))
            {
                throw Wrong($"'{part}' is not a label and its tissue");
            }

            // Some write the word with an o.
            int tissue = Array.FindIndex(TissueNames, known => known.Equals(name, StringComparison.OrdinalIgnoreCase)
                || (known == TissueNames[EdemaClass] && name.Equals("o" + known, StringComparison.OrdinalIgnoreCase)));
            if (tissue < 0)
                throw Wrong($"there is no tissue '{name}'");
            if (label == 0)
                throw Wrong("0 is always background");
            if (first.Contains(label) || others.ContainsKey(label))
                throw Wrong($"label {label} is given twice");
            if (tissue != BackgroundClass && first[tissue] == 0)
                first[tissue] = label;
            else
                others.Add(label, tissue);
        }

        string[] missing = [.. TissueNames.Where((_, tissue) => tissue != BackgroundClass && first[tissue] == 0)];
        return missing.Length == 0
            ? new(first[NecrosisClass], first[EdemaClass], first[EnhancingClass]) { Others = others }
            : throw Wrong($"no label is given for {string.Join(" and ", missing)}");

        FormatException Wrong(string why) => new(
            $"'{text}' does not say what labels mean: {why}; give each label with necrosis, edema, enhancing or ignore, for example "
                + "1=necrosis,2=edema,3=enhancing,4=ignore.");
    }

    /// <summary>
    /// The convention of a segmentation of the BraTS challenges that stands alone: enhancing tumor is 4 where a 4 occurs, 3 where a 3 occurs, and
    /// <paramref name="fallback"/> where neither does (a case without enhancing tumor).
    /// </summary>
    /// <param name="present">The labels that occur in the segmentation.</param>
    /// <param name="fallback">The convention where neither 3 nor 4 occurs.</param>
    /// <exception cref="InvalidDataException">Both 3 and 4 occur, so that neither can be taken for enhancing tumor.</exception>
    public static BraTSLabelConvention Detect(IReadOnlySet<int> present, BraTSLabelConvention fallback)
    {
        ArgumentNullException.ThrowIfNull(present);
        ArgumentNullException.ThrowIfNull(fallback);
        return (present.Contains(3), present.Contains(4)) switch
        {
            (true, true) => throw new InvalidDataException(
                "The segmentation holds both label 3 and label 4, so it is unclear which of them is enhancing tumor; say what the labels mean."),
            (true, false) => BraTS2023,
            (false, true) => BraTS2018,
            _ => fallback,
        };
    }

    /// <summary>The convention as the text that <see cref="Parse"/> reads, for example "1=necrosis,2=edema,3=enhancing,4=ignore".</summary>
    public string ToText()
    {
        (int Label, int Tissue)[] written = [(NecrosisLabel, NecrosisClass), (EdemaLabel, EdemaClass), (EnhancingLabel, EnhancingClass)];
        // The written ones first: of several labels of one tissue, the first is written.
        return string.Join(',', written.OrderBy(item => item.Label).Concat(_others.Select(other => (other.Key, other.Value)))
            .Select(item => string.Create(CultureInfo.InvariantCulture, $"{item.Item1}={TissueNames[item.Item2]}")));
    }

    /// <inheritdoc/>
    public bool Equals(BraTSLabelConvention? other) => other is not null
        && (NecrosisLabel, EdemaLabel, EnhancingLabel) == (other.NecrosisLabel, other.EdemaLabel, other.EnhancingLabel) && _others.SequenceEqual(other._others);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(NecrosisLabel, EdemaLabel, EnhancingLabel, _others.Count);

    /// <summary>The labels. Caches of prepared images are found by this text, so its spelling is that of those that are on disk.</summary>
    public override string ToString()
    {
        string others = string.Concat(_others.Select(other => string.Create(CultureInfo.InvariantCulture, $", {other.Key} = {TissueNames[other.Value]}")));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"BraTSLabelConvention {{ NecrosisLabel = {NecrosisLabel}, OedemaLabel = {EdemaLabel}, EnhancingLabel = {EnhancingLabel}{others} }}");
    }
}
