using System.Globalization;
using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Reproduction.Report;
using KnowledgeDistillation.Experiments.Statistics;
using MathNet.Numerics.Distributions;

namespace KnowledgeDistillation.Experiments.Pairs;

/// <summary>
/// How many pairs a study needs, from how much the differences of its first pairs vary and not from how large they are, so that the look costs nothing.
/// </summary>
internal static class PairCount
{
    /// <summary>The pairs that are looked at.</summary>
    public const int Look = 12;

    private const double Power = 0.8, Level = 0.05;
    private const int Tests = 3, Search = 1000;

    /// <summary>No study claims anything with fewer pairs, and none waits for more, whatever the rule says.</summary>
    public const int Fewest = 20, Most = 60;

    /// <summary>What is to be found, in Dice: the paper's gains. In WT it has none.</summary>
    public static IReadOnlyDictionary<string, double> Effects { get; } =
        new[] { "ET", "TC" }.ToDictionary(region => region, region => PaperFigures.OfSystem("kd-net")!.GainOf(region) / 100);

    /// <summary>The rule in words.</summary>
    public static string Rule { get; } = string.Create(CultureInfo.InvariantCulture,
        $"The number of pairs follows from the standard deviation of the differences of the first {Look}: "
            + $"so many that the paper's gain ({string.Join(", ", Effects.Select(effect => $"{effect.Key} {ComparisonTables.Signed(100 * effect.Value)}"))}) "
            + $"would be found with a probability of {100 * Power:0} % at the first step of Holm's correction over {Tests} tests, "
            + $"at least {Fewest} and at most {Most}.");

    /// <summary>The pairs that a gain of a size needs.</summary>
    /// <param name="deviation">The standard deviation of the pairs' differences.</param>
    /// <param name="effect">The gain, above 0, in the same unit.</param>
    /// <returns>At least 3, at most 1000.</returns>
    public static int For(double deviation, double effect)
    {
        for (int pairs = 3; pairs < Search; pairs++)
        {
            double threshold = StudentT.InvCDF(0, 1, pairs - 1, 1 - (Level / Tests / 2));
            // The t of a true effect is about the central one, moved.
            if (StudentT.CDF(0, 1, pairs - 1, (effect * Math.Sqrt(pairs) / deviation) - threshold) >= Power)
                return pairs;
        }

        return Search;
    }

    /// <summary>
    /// The pairs that the study needs by the rule, what it waits for, and the deviations that say so; null before there are enough pairs to look at.
    /// </summary>
    /// <param name="differences">The differences student − baseline of the pairs in their order, by region.</param>
    public static (int Pairs, int Required, IReadOnlyDictionary<string, double> Deviations)? Of(IReadOnlyDictionary<string, IReadOnlyList<double>> differences)
    {
        if (differences.Values.Any(values => values.Count < Look))
            return null;
        Dictionary<string, double> deviations =
            differences.ToDictionary(region => region.Key, region => MeanAndDeviation.Of(region.Value.Take(Look)).StandardDeviation);
        int pairs = Effects.Max(effect => For(deviations[effect.Key], effect.Value));
        return (pairs, Math.Clamp(pairs, Fewest, Most), deviations);
    }
}
