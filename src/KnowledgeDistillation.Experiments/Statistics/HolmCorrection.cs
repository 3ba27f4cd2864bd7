using System.Globalization;

namespace KnowledgeDistillation.Experiments.Statistics;

/// <summary>
/// Holm's correction for several tests (Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6:65–70, 1979).
/// Where all tests with an adjusted p value of at most α are called significant, the probability of at least one error among them is at most α,
/// however the tests depend on each other.
/// </summary>
public static class HolmCorrection
{
    /// <summary>The adjusted p values: the k-th smallest of m times m − k + 1, at most 1, and no smaller than the one before it.</summary>
    /// <param name="pValues">The p values of all tests of the family, from 0 to 1.</param>
    /// <returns>The adjusted p values in the order of the given ones.</returns>
    /// <exception cref="ArgumentException">A p value is NaN or not from 0 to 1.</exception>
    public static IReadOnlyList<double> Adjust(IEnumerable<double> pValues)
    {
        ArgumentNullException.ThrowIfNull(pValues);
        double[] raw = pValues.ToArray();
        int odd = Array.FindIndex(raw, value => value is not (>= 0 and <= 1));
        if (odd >= 0)
        {
            throw new ArgumentException(
                string.Create(CultureInfo.InvariantCulture, $"p values must be from 0 to 1, but number {odd + 1} of {raw.Length} is {raw[odd]}."),
                nameof(pValues));
        }

        double[] adjusted = new double[raw.Length];
        double previous = 0;
        int[] ascending = [.. Enumerable.Range(0, raw.Length).OrderBy(i => raw[i])];
        for (int rank = 0; rank < ascending.Length; rank++)
        {
            previous = Math.Max(previous, Math.Min(1, (raw.Length - rank) * raw[ascending[rank]]));
            adjusted[ascending[rank]] = previous;
        }

        return adjusted;
    }
}
