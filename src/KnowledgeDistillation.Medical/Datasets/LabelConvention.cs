using System.Globalization;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Medical.Preprocessing;

namespace KnowledgeDistillation.Medical.Datasets;

/// <summary>
/// What the numbers in the references of a data set mean: the classes that a network distinguishes, each with its number on disk, and the regions (unions of
/// classes) that are scored. A data set has one convention; 0 is always background.
/// </summary>
/// <remarks>Immutable and safe to share between threads. Two are equal if their numbers, names and regions are.</remarks>
public sealed record LabelConvention
{
    internal const string IgnoreName = "ignore";
    internal const string BackgroundName = "background";

    private readonly string? _key;
    private readonly ExclusiveClasses? _classes;
    private readonly IReadOnlyList<string>? _shortNames;

    /// <summary>Describes labels.</summary>
    /// <param name="map">The classes with their numbers on disk, and further numbers that are folded into a class, count as background, or are ignored.</param>
    /// <param name="regions">What is scored; default: each class by itself.</param>
    /// <exception cref="ArgumentException">There is no region, two have the same name, or one has a class that the map lacks.</exception>
    public LabelConvention(LabelMap map, IReadOnlyList<Region>? regions = null)
    {
        ArgumentNullException.ThrowIfNull(map);
        regions ??= [.. map.Names.Skip(1).Select((name, index) => new Region(name, index + 1))];
        if (regions.Count == 0)
            throw new ArgumentException("At least one region must be scored.", nameof(regions));
        if (regions.GroupBy(region => region.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } repeated)
            throw new ArgumentException($"The region '{repeated.Key}' is given twice.", nameof(regions));
        if (regions.FirstOrDefault(region => region.Classes.Any(number => number < 1 || number >= map.Names.Count)) is { } wrong)
        {
            throw new ArgumentException(
                $"The region '{wrong.Name}' unites the classes {string.Join(", ", wrong.Classes)}, but the classes are 1 to {map.Names.Count - 1}.",
                nameof(regions));
        }

        (Map, Regions) = (map, [.. regions]);
    }

    /// <summary>The classes with their numbers on disk.</summary>
    public LabelMap Map { get; }

    /// <summary>What is scored.</summary>
    public IReadOnlyList<Region> Regions { get; }

    /// <summary>The classes as the output channels of a network, background first, each voxel one of them.</summary>
    public ExclusiveClasses Classes
    {
        get => _classes ?? new ExclusiveClasses([.. Map.Names]);
        internal init => _classes = value;
    }

    /// <summary>
    /// The regions as the output channels of a network, each by itself, which may overlap (nnU-Net calls it region-based training): outermost first,
    /// that of most classes, and each class that lies in none as a region of its own. A voxel that is predicted in a region and in none within it is given the
    /// region's first class that no later region has.
    /// </summary>
    /// <remarks>Where a region has two classes that no region within it has, the network cannot tell them apart.</remarks>
    public OverlappingRegions ToOverlappingRegions()
    {
        IEnumerable<Region> alone = Enumerable.Range(1, Map.Names.Count - 1)
            .Where(number => !Regions.Any(region => region.Classes.Contains(number)))
            .Select(number => new Region(ShortNames[number - 1], number));
        Region[] nested = [.. Regions.Concat(alone).OrderByDescending(region => region.Classes.Distinct().Count())];
        return new OverlappingRegions(nested, [.. nested.Select((region, place) =>
            region.Classes.Where(number => !nested.Skip(place + 1).Any(later => later.Classes.Contains(number))).Append(region.Classes[0]).First())]);
    }

    /// <summary>The names of the classes in <see cref="ToText"/>, without background.</summary>
    internal IReadOnlyList<string> ShortNames
    {
        get => _shortNames ?? [.. Map.Names.Skip(1)];
        init => _shortNames = value;
    }

    /// <summary>A text that differs whenever labels become other classes; part of the keys of caches.</summary>
    internal string Key
    {
        get => _key ?? ToText();
        init => _key = value;
    }

    /// <summary>Reads a convention from a text.</summary>
    /// <param name="text">
    /// Each label with the name of its class, for example "1=liver,2=tumor,3=ignore". Classes are numbered in the order in which they are named first; of
    /// several labels of one class, the first is the one that predictions are written with. "ignore" leaves voxels out of losses and scores, "background"
    /// makes them background.
    /// </param>
    /// <exception cref="FormatException">The text is none; the message says why.</exception>
    public static LabelConvention Parse(string text)
    {
        IReadOnlyList<(int Label, string Name)> pairs = Pairs(text);
        List<(string Name, int Label)> classes = [];
        Dictionary<int, int> others = [];
        foreach ((int label, string name) in pairs)
        {
            int known = classes.FindIndex(item => item.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
            if (OtherClassOf(name) is { } other)
                others.Add(label, other);
            else if (known >= 0)
                others.Add(label, known + 1);
            else
                classes.Add((name, label));
        }

        return classes.Count is > 0 and < LabelMap.Ignored
            ? new LabelConvention(new LabelMap(classes, others))
            : throw Wrong(text, classes.Count == 0 ? "no class is named" : "there are too many classes");
    }

    /// <summary>The convention as the text that <see cref="Parse"/> reads, for example "1=liver,2=tumor,3=ignore".</summary>
    public string ToText()
    {
        IEnumerable<(int Label, string Name)> written = ShortNames.Select((name, index) => (Map.LabelOf(index + 1), name));
        // Names of BraTS have a class of their own whatever their order.
        if (_shortNames is not null)
            written = written.OrderBy(item => item.Label);
        return string.Join(',', written.Concat(Map.Others.Select(other => (other.Key, NameOf(other.Value))))
            .Select(item => string.Create(CultureInfo.InvariantCulture, $"{item.Item1}={item.Item2}")));
    }

    /// <inheritdoc/>
    public bool Equals(LabelConvention? other) => other is not null && Map.Equals(other.Map) && ToText() == other.ToText()
        && Regions.Select(Describe).SequenceEqual(other.Regions.Select(Describe));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Map, Regions.Count);

    /// <summary>The same as <see cref="ToText"/>.</summary>
    public override string ToString() => ToText();

    /// <summary>The labels and names of a text, each label once.</summary>
    internal static IReadOnlyList<(int Label, string Name)> Pairs(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<(int Label, string Name)> pairs = [];
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (part.Split('=', StringSplitOptions.TrimEntries) is not [var number, { Length: > 0 } name]
                || !int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int label))
            {
                throw Wrong(text, $"'{part}' is not a label and its name");
            }

            if (label == 0)
                throw Wrong(text, "0 is always background");
            if (pairs.Exists(pair => pair.Label == label))
                throw Wrong(text, $"label {label} is given twice");
            pairs.Add((label, name));
        }

        return pairs;
    }

    /// <summary>What a label becomes that is no class: background, or ignored; null for the name of a class.</summary>
    internal static int? OtherClassOf(string name) => name.Equals(IgnoreName, StringComparison.OrdinalIgnoreCase) ? LabelMap.Ignored
        : name.Equals(BackgroundName, StringComparison.OrdinalIgnoreCase) ? 0
        : null;

    internal static FormatException Wrong(string text, string why) => new(
        $"'{text}' does not say what labels mean: {why}; give each label with a name, or with ignore, for example "
            + "1=necrosis,2=edema,3=enhancing,4=ignore.");

    internal string NameOf(int number) => number switch
    {
        LabelMap.Ignored => IgnoreName,
        0 => BackgroundName,
        _ => ShortNames[number - 1],
    };

    private static string Describe(Region region) => $"{region.Name}={string.Join('+', region.Classes)}";
}
