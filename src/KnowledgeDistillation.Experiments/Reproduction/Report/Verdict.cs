using System.Globalization;
using KnowledgeDistillation.Experiments.Reproduction.Pooled;
using KnowledgeDistillation.Experiments.Reproduction.Results;

namespace KnowledgeDistillation.Experiments.Reproduction.Report;

/// <summary>What a comparison of a student with its baseline allows one to say.</summary>
internal enum Verdict
{
    /// <summary>The student is ahead.</summary>
    Gain,

    /// <summary>The student is behind.</summary>
    Loss,

    /// <summary>It cannot be told.</summary>
    Open,
}

internal static class Verdicts
{
    /// <summary>Below this many cases an interval by bootstrap is only a rough guide.</summary>
    public const int FewestCases = 10;

    private const double Level = 0.05;

    /// <summary>With fewer seeds nothing is known about how they differ.</summary>
    public const int FewestSeeds = 3;

    /// <summary>The rule, in words.</summary>
    public static string Rule { get; } = string.Create(CultureInfo.InvariantCulture,
        $"A gain or a loss is claimed only where all of these agree: at least {FewestCases} cases, a 95 % interval of the mean difference that leaves out 0, "
            + $"and p below {Level} after Holm's correction, in the same direction. In all other cases the answer is \"cannot tell\", "
            + $"which is not the same as \"no difference\".");

    /// <summary>The rule over several seeds, in words.</summary>
    public static string RuleOverSeeds { get; } = string.Create(CultureInfo.InvariantCulture,
        $"A gain or a loss is claimed only where all of these agree: at least {FewestSeeds} seeds and {FewestCases} cases, "
            + $"95 % intervals of the mean difference over seeds and over cases that both leave out 0, and a signed-rank test over cases with p below {Level} "
            + $"after Holm's correction, in the same direction. In all other cases the answer is \"cannot tell\", which is not the same as \"no difference\".");

    public static Verdict Of(Comparison comparison) =>
        Doubts(comparison).Count > 0 ? Verdict.Open : comparison.Difference.Mean > 0 ? Verdict.Gain : Verdict.Loss;

    public static Verdict Of(PooledComparison comparison) =>
        Doubts(comparison).Count > 0 ? Verdict.Open : comparison.OverSeeds.Mean > 0 ? Verdict.Gain : Verdict.Loss;

    /// <summary>For example "it helps in ET; in TC and WT we cannot tell".</summary>
    public static string InWords(ILookup<Verdict, string> regions)
    {
        string[] parts =
        [
            .. regions[Verdict.Gain].Any() ? [$"it helps in {List(regions[Verdict.Gain])}"] : Array.Empty<string>(),
            .. regions[Verdict.Loss].Any() ? [$"it harms in {List(regions[Verdict.Loss])}"] : Array.Empty<string>(),
            .. regions[Verdict.Open].Any() ? [$"in {List(regions[Verdict.Open])} we cannot tell"] : Array.Empty<string>(),
        ];
        return string.Join("; ", parts);
    }

    /// <summary>What comparisons that are not told one by one come to.</summary>
    public static string OfOthers(IReadOnlyList<(Verdict Verdict, string Student, string Region)> others)
    {
        int open = others.Count(other => other.Verdict == Verdict.Open);
        string count = others.Count == 1 ? "the one comparison" : FormattableString.Invariant($"the {others.Count} comparisons");
        return $"Of {count} of other students with their baselines, {Told(Verdict.Gain, "a gain")}, {Told(Verdict.Loss, "a loss")}, and {open} cannot tell.";

        string Told(Verdict verdict, string what)
        {
            (Verdict, string Student, string Region)[] which = [.. others.Where(other => other.Verdict == verdict)];
            return which.Length == 0
                ? $"none shows {what}"
                : $"{which.Length} show{(which.Length == 1 ? "s" : "")} {what} "
                    + $"({string.Join("; ", which.GroupBy(other => other.Student).Select(student => $"{student.Key}: {string.Join(", ", student.Select(other => other.Region))}"))})";
        }
    }

    /// <summary>For example "ET, TC and WT".</summary>
    public static string List(IEnumerable<string> items)
    {
        string[] all = [.. items];
        return all.Length == 1 ? all[0] : $"{string.Join(", ", all[..^1])} and {all[^1]}";
    }

    public static string InWords(this Verdict verdict) => verdict switch
    {
        Verdict.Gain => "gain",
        Verdict.Loss => "loss",
        _ => "cannot tell",
    };

    /// <summary>The class of chart.css that colors it.</summary>
    public static string Style(this Verdict verdict) => verdict switch
    {
        Verdict.Gain => "gain",
        Verdict.Loss => "loss",
        _ => "open",
    };

    /// <summary>Why nothing can be claimed; empty where something can.</summary>
    public static IReadOnlyList<string> Doubts(Comparison comparison)
    {
        var doubts = new List<string>();
        if (comparison.Cases < FewestCases)
            doubts.Add(FormattableString.Invariant($"there are fewer than {FewestCases} cases"));
        if (!(comparison.Difference.Lower > 0 || comparison.Difference.Upper < 0))
            doubts.Add("the interval does not leave out 0");
        if (!(comparison.AdjustedPValue < Level))
            doubts.Add(FormattableString.Invariant($"p is not below {Level}"));
        if (doubts.Count == 0 && Math.Sign(comparison.Difference.Mean) != Math.Sign(comparison.Test.RankBiserialCorrelation))
            doubts.Add("mean and ranks point in opposite directions");
        return doubts;
    }

    /// <summary>Why nothing can be claimed over several seeds; empty where something can.</summary>
    public static IReadOnlyList<string> Doubts(PooledComparison comparison)
    {
        var doubts = new List<string>();
        if (comparison.Seeds.Count < FewestSeeds)
            doubts.Add(FormattableString.Invariant($"there are fewer than {FewestSeeds} seeds"));
        if (comparison.Cases < FewestCases)
            doubts.Add(FormattableString.Invariant($"there are fewer than {FewestCases} cases"));
        if (!(comparison.OverSeeds.Lower > 0 || comparison.OverSeeds.Upper < 0))
            doubts.Add("the interval over seeds does not leave out 0");
        if (!(comparison.OverCases.Lower > 0 || comparison.OverCases.Upper < 0))
            doubts.Add("the interval over cases does not leave out 0");
        if (!(comparison.AdjustedPValue < Level))
            doubts.Add(FormattableString.Invariant($"p of the signed-rank test is not below {Level}"));
        if (doubts.Count == 0
            && new[] { comparison.OverSeeds.Mean, comparison.OverCases.Mean, comparison.Test.RankBiserialCorrelation }.Select(Math.Sign).Distinct().Count() > 1)
        {
            doubts.Add("means and ranks point in opposite directions");
        }

        return doubts;
    }
}
