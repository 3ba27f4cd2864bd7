using System.Globalization;
using System.Reflection;

namespace KnowledgeDistillation.Samples.BraTS;

/// <summary>All settings of an experiment by name, for the reports.</summary>
internal static class SettingsRows
{
    public static IReadOnlyList<(string Name, string Value)> Of(ExperimentSettings settings) =>
        [.. typeof(ExperimentSettings).GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(setting => (setting.Name, Text(setting.GetValue(settings))))];

    private static string Text(object? value) => value switch
    {
        null => "of the system or network itself",
        bool yes => yes ? "yes" : "no",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
