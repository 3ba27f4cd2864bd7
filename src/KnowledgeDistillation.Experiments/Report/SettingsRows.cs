using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using KnowledgeDistillation.Experiments.Settings;

namespace KnowledgeDistillation.Experiments.Report;

/// <summary>All settings of an experiment by name, for the reports.</summary>
internal static partial class SettingsRows
{
    /// <summary>The value of a setting that is left open.</summary>
    public const string NotSet = "of the system or network itself";

    public static IReadOnlyList<(string Name, string Value)> Of(ExperimentSettings settings) =>
    [
        .. typeof(ExperimentSettings).GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Select(setting => (setting.Name, Text(setting.GetValue(settings)))),
    ];

    private static string Text(object? value) => value switch
    {
        null => NotSet,
        bool yes => yes ? "yes" : "no",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    /// <summary>The name of a setting in words, for example "plateau patience".</summary>
    public static string InWords(string name) =>
        Beginning().Replace(name, match => (match.Index == 0 ? "" : " ") + match.Value.ToLowerInvariant()).Replace(" t1", " T1", StringComparison.Ordinal);

    // A capital letter begins a word.
    [GeneratedRegex("[A-Z]")]
    private static partial Regex Beginning();
}
