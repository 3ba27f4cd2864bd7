using System.Globalization;

namespace KnowledgeDistillation.Experiments.Statistics;

/// <summary>The rule that statistics are made of finite numbers, at least one.</summary>
internal static class FiniteNumbers
{
    public static void Require(double[] values, string parameter, string remedy)
    {
        if (values.Length == 0)
            throw new ArgumentException("There is nothing to make a statistic of: at least one value is needed.", parameter);
        int odd = Array.FindIndex(values, value => !double.IsFinite(value));
        if (odd >= 0)
        {
            throw new ArgumentException(
                string.Create(CultureInfo.InvariantCulture, $"Value {odd + 1} of {values.Length} is {values[odd]}. {remedy}"), parameter);
        }
    }
}
