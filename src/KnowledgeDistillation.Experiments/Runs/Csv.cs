using System.Globalization;

namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>Cells of CSV files as spreadsheets, R and pandas read them.</summary>
internal static class Csv
{
    /// <summary>A text, in quotation marks where it needs them.</summary>
    public static string Text(string text) => text.AsSpan().ContainsAny(",\"\r\n") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;

    /// <summary>A number to its last digit; "nan" and "inf" for what is none.</summary>
    public static string Number(double value) => value switch
    {
        double.NaN => "nan",
        double.PositiveInfinity => "inf",
        double.NegativeInfinity => "-inf",
        _ => value.ToString(CultureInfo.InvariantCulture),
    };
}
