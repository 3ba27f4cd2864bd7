using System.Globalization;

namespace KnowledgeDistillation.Benchmarks.Data;

/// <summary>Figures as text, rounded so that another order of summation gives the same.</summary>
internal static class Digest
{
    public static string Of(params IEnumerable<double> values) =>
        string.Join(" ", values.Select(value => (Math.Round(value, 4) + 0.0).ToString("0.000", CultureInfo.InvariantCulture)));
}
