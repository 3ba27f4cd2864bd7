using System.Globalization;
using System.Text.Json;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Medical.Datasets;

/// <summary>
/// What the dataset.json of nnU-Net or of the Medical Segmentation Decathlon says: channels and labels. Everything that it says wrongly is refused.
/// </summary>
internal sealed class DescribedDataset : IDisposable
{
    private const long LargestFile = 64L << 20;
    private const int MostChannels = 1000;
    private const int LargestLabel = short.MaxValue;
    private static readonly char[] NotInNames = ['.', ',', '/', '\\', ':', ';', '=', '|', '+', '"', '\''];

    private readonly string _path;
    private readonly JsonDocument _json;

    private DescribedDataset(string path, JsonDocument json) => (_path, _json) = (path, json);

    /// <summary>Reads a description; null where there is none.</summary>
    /// <exception cref="MedicalDatasetException">It cannot be read, or is no JSON object.</exception>
    public static DescribedDataset? Read(string path) => ReadJson(path) is { } json ? new DescribedDataset(path, json) : null;

    /// <summary>Whether it has an entry.</summary>
    public bool Has(string name) => _json.RootElement.TryGetProperty(name, out _);

    public void Dispose() => _json.Dispose();

    /// <summary>The names of the channels, in their order, each fit for a modality's name and different from the others.</summary>
    /// <param name="property">The entry that names them: an object of number and name.</param>
    public string[] Channels(string property)
    {
        string expected = $"does not name the channels of the images as \"{property}\": {{ \"0\": \"CT\", … }}";
        if (!_json.RootElement.TryGetProperty(property, out JsonElement channels))
            throw Wrong($"{expected}: the entry is missing");
        SortedDictionary<int, string> names = [];
        switch (channels.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty channel in channels.EnumerateObject())
                {
                    if (!int.TryParse(channel.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number >= MostChannels)
                        throw Wrong($"{expected}: '{channel.Name}' is no number of a channel");
                    if (!names.TryAdd(number, NameOf(channel.Value, expected)))
                        throw Wrong($"{expected}: channel {number} occurs twice");
                }

                break;
            case JsonValueKind.Array:
                foreach (JsonElement name in channels.EnumerateArray())
                    names.Add(names.Count, NameOf(name, expected));
                break;
            default:
                throw Wrong($"{expected}: it is {Kind(channels)}");
        }

        if (names.Count == 0 || names.Keys.Last() != names.Count - 1)
        {
            throw Wrong(
                $"{expected}: the channels must be numbered from 0 without a gap, but are {(names.Count == 0 ? "none" : string.Join(", ", names.Keys))}");
        }

        // Names that are used twice, as "MRI" often is, are told apart by their numbers.
        ILookup<string, int> known = names.ToLookup(channel => channel.Value, channel => channel.Key, StringComparer.OrdinalIgnoreCase);
        return [.. names.Select(channel => known[channel.Value].Count() == 1 ? channel.Value : $"{channel.Value}_{channel.Key}")];
    }

    /// <summary>The labels but background: the name of each with its numbers, several where it is a region. Null where the description has none.</summary>
    public IReadOnlyList<(string Name, IReadOnlyList<int> Numbers)>? Labels()
    {
        const string expected = "does not say what labels mean as \"labels\": { \"background\": 0, \"tumor\": 1, … }";
        if (!_json.RootElement.TryGetProperty("labels", out JsonElement labels))
            return null;
        if (labels.ValueKind != JsonValueKind.Object)
            throw Wrong($"{expected}: it is {Kind(labels)}");
        List<(string Name, IReadOnlyList<int> Numbers)> all = [];
        foreach (JsonProperty label in labels.EnumerateObject())
        {
            // The Decathlon names numbers, nnU-Net numbers names.
            bool namesNumber = label.Value.ValueKind == JsonValueKind.String;
            string name = Cleaned(namesNumber ? label.Value.GetString()! : label.Name);
            int[] numbers = label.Value.ValueKind switch
            {
                JsonValueKind.String when int.TryParse(label.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int number) =>
                    [Checked(number, label.Name)],
                JsonValueKind.Number => [Number(label.Value, label.Name)],
                JsonValueKind.Array => [.. label.Value.EnumerateArray().Select(item => Number(item, label.Name))],
                _ => throw Wrong($"{expected}: '{label.Name}' is {Kind(label.Value)}"),
            };
            if (name.Length == 0)
                throw Wrong($"{expected}: a label has no name");
            if (numbers.Length == 0 || numbers.Distinct().Count() < numbers.Length)
                throw Wrong($"{expected}: '{name}' must have numbers, each once");
            if (numbers is [0])
                continue;
            if (name.Equals(LabelConvention.BackgroundName, StringComparison.OrdinalIgnoreCase))
                throw Wrong($"{expected}: background must be 0");
            if (numbers.Contains(0))
                throw Wrong($"{expected}: the region '{name}' must not hold 0, which is background");
            if (all.Exists(other => other.Name.Equals(name, StringComparison.OrdinalIgnoreCase)))
                throw Wrong($"{expected}: the name '{name}' occurs twice");
            all.Add((name, numbers));
        }

        if (all.All(label => label.Name.Equals(LabelConvention.IgnoreName, StringComparison.OrdinalIgnoreCase)))
            throw Wrong($"{expected}: no label but background is named");
        CheckOrder(all);
        return all;

        int Number(JsonElement value, string name) => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number)
            ? Checked(number, name)
            : throw Wrong($"{expected}: '{name}' must be a whole number or a list of them");

        int Checked(int number, string name) => number is >= 0 and <= LargestLabel
            ? number
            : throw Wrong($"{expected}: '{name}' must be from 0 to {LargestLabel}, but is {number}");
    }

    /// <summary>Labels as a convention: each number is a class, and each name a region where some unite several numbers.</summary>
    public LabelConvention? Convention(IReadOnlyList<(string Name, IReadOnlyList<int> Numbers)>? labels)
    {
        if (labels is null)
            return null;
        Dictionary<int, int> ignored = labels.Where(IsIgnored).SelectMany(label => label.Numbers).ToDictionary(number => number, _ => LabelMap.Ignored);
        (string Name, IReadOnlyList<int> Numbers)[] named = [.. labels.Where(label => !IsIgnored(label))];
        int[] numbers = [.. named.SelectMany(label => label.Numbers).Distinct().Order()];
        bool hasRegions = Array.Exists(named, label => label.Numbers.Count > 1);
        if (!hasRegions && numbers.Length < named.Length)
            throw Wrong("gives two labels the same number");
        if (numbers.Any(ignored.ContainsKey))
            throw Wrong("ignores a label that is also a class");
        try
        {
            LabelMap map = new(numbers.Select(number => (ClassName(number), number)), ignored);
            return new LabelConvention(
                map, hasRegions
                    ? [.. named.Select(label => new Region(label.Name, [.. label.Numbers.Select(number => (int)map.ClassOf(number)!.Value)]))]
                    : null);
        }
        catch (ArgumentException exception)
        {
            throw Wrong($"does not say what labels mean: {exception.Message}", exception);
        }

        // The name of a region that is this label alone.
        string ClassName(int number) => named.Where(label => label.Numbers is [var only] && only == number).Select(label => label.Name).FirstOrDefault()
            ?? string.Create(CultureInfo.InvariantCulture, $"label {number}");

        static bool IsIgnored((string Name, IReadOnlyList<int> Numbers) label) =>
            label.Name.Equals(LabelConvention.IgnoreName, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Refuses images in files of another kind.</summary>
    public void RequireNifti()
    {
        if (!_json.RootElement.TryGetProperty("file_ending", out JsonElement ending))
            return;
        if (ending.ValueKind != JsonValueKind.String || ending.GetString() is not (".nii.gz" or ".nii"))
            throw Wrong($"has the file_ending {ending.GetRawText()}, but only .nii.gz and .nii are read");
    }

    /// <summary>What it says of the number of training cases, where that is not so.</summary>
    public string? WarningOfCount(int found) => _json.RootElement.TryGetProperty("numTraining", out JsonElement count)
        && count.ValueKind == JsonValueKind.Number && count.TryGetInt32(out int expected) && expected != found
        ? $"'{_path}' speaks of {expected} training case(s), but {found} were found."
        : null;

    /// <summary>The folds of a splits_final.json; none where there is no such file.</summary>
    /// <exception cref="MedicalDatasetException">It makes no sense.</exception>
    public static IReadOnlyList<(IReadOnlyList<string> Training, IReadOnlyList<string> Validation)> ReadSplits(string path)
    {
        using JsonDocument? json = ReadJson(path, JsonValueKind.Array);
        if (json is null)
            return [];
        List<(IReadOnlyList<string>, IReadOnlyList<string>)> splits = [];
        foreach (JsonElement split in json.RootElement.EnumerateArray())
        {
            (string[] training, string[] validation) = (Names(split, "train"), Names(split, "val"));
            if (training.Intersect(validation, StringComparer.Ordinal).FirstOrDefault() is { } both)
                throw Wrong(path, $"has '{both}' in both parts of fold {splits.Count}");
            splits.Add((training, validation));
        }

        return splits.Count > 0 ? splits : throw Wrong(path, "holds no fold");

        string[] Names(JsonElement split, string part) => split.ValueKind == JsonValueKind.Object && split.TryGetProperty(part, out JsonElement names)
            && names.ValueKind == JsonValueKind.Array && names.EnumerateArray().All(name => name.ValueKind == JsonValueKind.String)
            ? [.. names.EnumerateArray().Select(name => name.GetString()!)]
            : throw Wrong(path, $"does not list the cases of \"{part}\" in fold {splits.Count}");
    }

    private static JsonDocument? ReadJson(string path, JsonValueKind kind = JsonValueKind.Object)
    {
        try
        {
            FileInfo file = new(path);
            if (!file.Exists)
                return Directory.Exists(path) ? throw Wrong(path, "is a folder") : null;
            if (file.Length > LargestFile)
                throw Wrong(path, $"is larger than {LargestFile >> 20} MiB");
            JsonDocument json = JsonFile.ParseDocument(
                File.ReadAllBytes(path), new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
            if (json.RootElement.ValueKind == kind)
                return json;
            string found = Kind(json.RootElement);
            json.Dispose();
            throw Wrong(path, $"must hold {(kind == JsonValueKind.Object ? "an object" : "a list")}, but holds {found}");
        }
        catch (JsonException exception)
        {
            throw Wrong(path, $"is no JSON: {exception.Message}", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Wrong(path, $"cannot be read: {exception.Message}", exception);
        }
    }

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };

    private static string Cleaned(string name) =>
        string.Concat(name.Trim().Select(letter => char.IsControl(letter) || NotInNames.Contains(letter) ? '-' : letter));

    private static MedicalDatasetException Wrong(string path, string why, Exception? inner = null) =>
        inner is null ? new($"'{path}' {why.TrimEnd('.')}.") : new($"'{path}' {why.TrimEnd('.')}.", inner);

    private string NameOf(JsonElement name, string expected) => name.ValueKind == JsonValueKind.String && Cleaned(name.GetString()!) is { Length: > 0 } text
        ? text
        : throw Wrong($"{expected}: a channel has no name");

    private void CheckOrder(List<(string Name, IReadOnlyList<int> Numbers)> labels)
    {
        if (!_json.RootElement.TryGetProperty("regions_class_order", out JsonElement order) || order.ValueKind == JsonValueKind.Null)
            return;
        if (order.ValueKind != JsonValueKind.Array
            || order.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.Number || !item.TryGetInt32(out int number)
                || !labels.Exists(label => label.Numbers.Contains(number))))
        {
            throw Wrong($"has a regions_class_order that is no list of its labels: {Short(order.GetRawText())}");
        }
    }

    private static string Short(string text) => text.Length <= 60 ? text : text[..60] + "…";

    private MedicalDatasetException Wrong(string why, Exception? inner = null) => Wrong(_path, why, inner);
}
