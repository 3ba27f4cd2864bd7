using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using KnowledgeDistillation.Medical.Augmentation;
using KnowledgeDistillation.Medical.Preprocessing;
using KnowledgeDistillation.Training;

namespace KnowledgeDistillation.Experiments.Settings;

/// <summary>
/// One of the <see cref="ExperimentSettings"/>, those of its <see cref="TrainingOptions"/> included. All that a command line, a settings file and a report say
/// of a setting derives from the attributes of its property, so that a new one is declared once.
/// </summary>
public sealed partial class ExperimentSetting
{
    private readonly PropertyInfo _property;
    private readonly bool _isOfTraining;

    private ExperimentSetting(PropertyInfo property, bool isOfTraining)
    {
        (_property, _isOfTraining) = (property, isOfTraining);
        Name = property.Name;
        StoredName = property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name ?? property.Name;
        OptionName = property.GetCustomAttribute<DisplayNameAttribute>()?.DisplayName ?? Kebab(property.Name);
        Group = property.GetCustomAttribute<CategoryAttribute>()!.Category;
        Description = property.GetCustomAttribute<DescriptionAttribute>()?.Description
            ?? throw new InvalidOperationException($"The setting {property.Name} has no description.");
        Range = property.GetCustomAttribute<RangeAttribute>();
        Former = property.GetCustomAttribute<DefaultValueAttribute>()?.Value;
        LeftOpen = property.GetCustomAttribute<AmbientValueAttribute>()?.Value as string ?? "none";
    }

    /// <summary>All settings: those of the experiment, then those of its fits.</summary>
    public static IReadOnlyList<ExperimentSetting> All { get; } =
    [
        .. PropertiesOf(typeof(ExperimentSettings)).Select(property => new ExperimentSetting(property, isOfTraining: false)),
        .. PropertiesOf(typeof(TrainingOptions)).Select(property => new ExperimentSetting(property, isOfTraining: true)),
    ];

    /// <summary>The name of its property, for example "CropEdge".</summary>
    public string Name { get; }

    /// <summary>Its name in files.</summary>
    public string StoredName { get; }

    /// <summary>Its name in short, in lower-case letters and hyphens, for example "crop".</summary>
    public string OptionName { get; }

    /// <summary>
    /// The group that it belongs to: "general", "phantoms", "images", "data", "modalities", "split", "network", "training",
    /// "patches", "augmentation" or "distillation".
    /// </summary>
    public string Group { get; }

    /// <summary>What it is, in one sentence.</summary>
    public string Description { get; }

    /// <summary>What takes its place where it is left open, for example "that of the system's source: 5 for KD-Net".</summary>
    public string LeftOpen { get; }

    /// <summary>The type of its value, without "or null" where it may be left open.</summary>
    public Type ValueType => Nullable.GetUnderlyingType(_property.PropertyType) ?? _property.PropertyType;

    /// <summary>Whether its value is a list, in which commas separate the items.</summary>
    public bool IsList => Name == nameof(ExperimentSettings.TeacherModalities);

    /// <summary>Whether a text can be the name of a modality: letters, digits, blanks, hyphens and underscores, with a letter among them.</summary>
    public static bool IsModality(string text) => text.AsSpan().Trim().Length > 0 && text.Any(char.IsLetter)
        && text.All(letter => char.IsLetterOrDigit(letter) || letter is ' ' or '-' or '_');

    /// <summary>The values from which it is chosen; none where it is a number, a yes or no, or a text.</summary>
    public IReadOnlyList<string> Choices => ValueType.IsEnum ? [.. Enum.GetNames(ValueType).Select(name => name.ToLowerInvariant())]
        : Name == nameof(ExperimentSettings.Network) ? [.. NetworkNames.All.Select(name => name.ToLowerInvariant())]
        : [];

    /// <summary>What holds where something was written down before the setting existed; null where that is what new settings have.</summary>
    internal object? Former { get; }

    private RangeAttribute? Range { get; }

    /// <summary>The setting of a property.</summary>
    /// <exception cref="ArgumentException">There is none of this name.</exception>
    public static ExperimentSetting Of(string name) =>
        All.FirstOrDefault(setting => setting.Name == name) ?? throw new ArgumentException($"There is no setting '{name}'.", nameof(name));

    /// <summary>All settings as they are written down, by their names in files.</summary>
    public static JsonObject Write(ExperimentSettings settings) =>
        new(All.Select(setting => KeyValuePair.Create(setting.StoredName, setting.Node(settings))));

    /// <summary>Its value.</summary>
    public object? Get(ExperimentSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return _property.GetValue(_isOfTraining ? settings.Training : settings);
    }

    /// <summary>The settings with another value of this one.</summary>
    public ExperimentSettings Set(ExperimentSettings settings, object? value)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (_isOfTraining)
        {
            TrainingOptions training = settings.Training with { };
            _property.SetValue(training, value);
            return settings with { Training = training };
        }

        ExperimentSettings changed = settings with { };
        _property.SetValue(changed, value);
        return changed;
    }

    /// <summary>Its value in words: numbers as they are written everywhere, "yes" and "no", and <paramref name="open"/> for what is left open.</summary>
    public string Text(ExperimentSettings settings, string open) => Get(settings) switch
    {
        null => open,
        bool yes => yes ? "yes" : "no",
        object value => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    /// <summary>Reads a value.</summary>
    /// <param name="text">The text, in the invariant culture.</param>
    /// <param name="value">The value.</param>
    /// <returns>What is wrong with the text, to follow its name: "must be at least 1, but is 0"; null where nothing is.</returns>
    public string? Parse(string text, out object? value)
    {
        value = null;
        if (Choices.Count > 0)
        {
            if (!Choices.Contains(text, StringComparer.OrdinalIgnoreCase))
                return $"must be one of {string.Join(", ", Choices)}, but is {text}";
            value = ValueType.IsEnum
                ? Enum.Parse(ValueType, text, ignoreCase: true)
                : NetworkNames.All.First(name => name.Equals(text, StringComparison.OrdinalIgnoreCase));
            return null;
        }

        if (ValueType == typeof(string))
        {
            try
            {
                // As it is written, so that the same meaning is the same text.
                value = Name switch
                {
                    nameof(ExperimentSettings.Labels) => ExperimentSettings.ParseLabels(text).ToText(),
                    nameof(ExperimentSettings.Background) => ImageBackground.Parse(text).ToString(),
                    nameof(ExperimentSettings.Spacing) => Metrics.Spacing.Parse(text).ToText(),
                    nameof(ExperimentSettings.Normalization) => NormalizationOf(text),
                    nameof(ExperimentSettings.Augment) => AugmentationOptions.Parse(text).ToText(),
                    nameof(ExperimentSettings.Student) => ModalitiesOf(text, most: 1),
                    _ => ModalitiesOf(text),
                };
                return null;
            }
            catch (FormatException exception)
            {
                return $"is wrong: {exception.Message.TrimEnd('.')}";
            }
        }

        if (ValueType == typeof(bool))
        {
            if (!bool.TryParse(text, out bool yes))
                return $"must be true or false, but is {text}";
            value = yes;
            return null;
        }

        if (ValueType == typeof(int) && int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out int whole))
        {
            value = whole;
        }
        else if (ValueType == typeof(double)
            && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            && double.IsFinite(number))
        {
            value = number;
        }

        if (value is null)
            return $"must be a {(ValueType == typeof(int) ? "whole number" : "number")}, but is {text}";
        return OutOfRange(Convert.ToDouble(value, CultureInfo.InvariantCulture)) is { } range ? $"{range}, but is {text}" : null;
    }

    // Names of modalities: which there are, only the data set tells.
    private static string ModalitiesOf(string text, int most = int.MaxValue)
    {
        string[] names = text.Split(',', StringSplitOptions.TrimEntries);
        if (names.Length > most)
            throw new FormatException($"'{text}' must be one modality");
        if (Array.Find(names, name => !IsModality(name)) is { } wrong)
            throw new FormatException($"'{wrong}' is no name of a modality");
        return names.Distinct(StringComparer.OrdinalIgnoreCase).Count() == names.Length
            ? string.Join(',', names)
            : throw new FormatException($"a modality is named twice in '{text}'");
    }

    private static string NormalizationOf(string text)
    {
        _ = ExperimentSettings.ParseNormalization(text);
        return text;
    }

    private string? OutOfRange(double value)
    {
        if (Range is null)
            return null;
        double least = Convert.ToDouble(Range.Minimum, CultureInfo.InvariantCulture), most = Convert.ToDouble(Range.Maximum, CultureInfo.InvariantCulture);
        bool isBounded = most < int.MaxValue;
        if ((Range.MinimumIsExclusive ? value > least : value >= least) && value <= most)
            return null;
        return isBounded ? string.Create(CultureInfo.InvariantCulture, $"must be from {least} to {most}")
            : string.Create(CultureInfo.InvariantCulture, $"must be {(Range.MinimumIsExclusive ? "above" : "at least")} {least}");
    }

    private JsonNode? Node(ExperimentSettings settings) => Get(settings) switch
    {
        null => null,
        bool yes => yes,
        int whole => whole,
        double number => number,
        object other => other.ToString(),
    };

    private static IEnumerable<PropertyInfo> PropertiesOf(Type type) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.IsDefined(typeof(CategoryAttribute)));

    private static string Kebab(string name) => WordStart().Replace(name, match => (match.Index == 0 ? "" : "-") + match.Value.ToLowerInvariant());

    [GeneratedRegex("[A-Z]")]
    private static partial Regex WordStart();
}
