using System.Text.RegularExpressions;
using KnowledgeDistillation.Experiments.Settings;

namespace KnowledgeDistillation.Experiments.Report;

/// <summary>All settings of an experiment by name, for the reports.</summary>
internal static partial class SettingsRows
{
    /// <summary>The value of a setting that is left open.</summary>
    public const string NotSet = "of the system or network itself";

    public static IReadOnlyList<(string Name, string Value)> Of(ExperimentSettings settings) =>
        [.. ExperimentSetting.All.Select(setting => (setting.Name, setting.Text(settings, setting.Former is null ? NotSet : setting.LeftOpen)))];

    /// <summary>The name of a setting in words, for example "plateau patience".</summary>
    public static string InWords(string name) =>
        Beginning().Replace(name, match => (match.Index == 0 ? "" : " ") + match.Value.ToLowerInvariant()).Replace(" t1", " T1", StringComparison.Ordinal);

    // A capital letter begins a word.
    [GeneratedRegex("[A-Z]")]
    private static partial Regex Beginning();
}
