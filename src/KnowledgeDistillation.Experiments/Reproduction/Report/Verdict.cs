using System.Globalization;
using KnowledgeDistillation.Experiments.Reproduction.Results;
using KnowledgeDistillation.Experiments.Runs;

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
    /// <summary>With fewer seeds nothing is known about how they differ.</summary>
    public const int FewestSeeds = 3;

    private const double Level = 0.05;

    /// <summary>The rule in words.</summary>
    public static string Rule { get; } = string.Create(CultureInfo.InvariantCulture,
        $"A gain or a loss is claimed only with at least {FewestSeeds} seeds, and where p of the t test over the pairs of seeds is below {Level} "
            + $"after Holm's correction. "
            + $"In all other cases the answer is \"cannot tell\", which is not the same as \"no difference\". "
            + $"Interval and signed-rank test over cases describe and claim nothing.");

    /// <summary>The verdict of a comparison.</summary>
    public static Verdict Of(Comparison comparison) =>
        Of(comparison.Seeds.Count, comparison.OverSeeds.Mean, comparison.AdjustedPValueOverSeeds);

    /// <summary>The verdict of so many pairs of seeds.</summary>
    /// <param name="seeds">The number of pairs.</param>
    /// <param name="mean">The mean difference.</param>
    /// <param name="adjustedPValue">p of the t test over the pairs after Holm's correction.</param>
    public static Verdict Of(int seeds, double mean, double adjustedPValue) =>
        seeds < FewestSeeds || !(adjustedPValue < Level) ? Verdict.Open : mean > 0 ? Verdict.Gain : Verdict.Loss;

    /// <summary>For example "it helps in ET; in TC and WT we cannot tell".</summary>
    public static string InWords(ILookup<Verdict, string> regions)
    {
        string[] parts =
        [
            .. regions[Verdict.Gain].Any() ? [$"it helps in {TrainingText.List(regions[Verdict.Gain])}"] : Array.Empty<string>(),
            .. regions[Verdict.Loss].Any() ? [$"it harms in {TrainingText.List(regions[Verdict.Loss])}"] : Array.Empty<string>(),
            .. regions[Verdict.Open].Any() ? [$"in {TrainingText.List(regions[Verdict.Open])} we cannot tell"] : Array.Empty<string>(),
        ];
        return string.Join("; ", parts);
    }

    /// <summary>What comparisons that are not listed one by one come to.</summary>
    public static string OfOthers(IReadOnlyList<(Verdict Verdict, string Student, string Region)> others)
    {
        int open = others.Count(other => other.Verdict == Verdict.Open);
        string count = others.Count == 1 ? "the one comparison" : FormattableString.Invariant($"the {others.Count} comparisons");
        return $"Of {count} of other students with their baselines, {Shows(Verdict.Gain, "a gain")}, {Shows(Verdict.Loss, "a loss")}, and {open} cannot tell.";

        string Shows(Verdict verdict, string what)
        {
            (Verdict, string Student, string Region)[] which = [.. others.Where(other => other.Verdict == verdict)];
            return which.Length == 0
                ? $"none shows {what}"
                : $"{which.Length} show{(which.Length == 1 ? "s" : "")} {what} "
                    + $"({string.Join("; ", which.GroupBy(other => other.Student).Select(Regions))})";
        }

        static string Regions(IGrouping<string, (Verdict, string Student, string Region)> student) =>
            $"{student.Key}: {string.Join(", ", student.Select(other => other.Region))}";
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

    /// <summary>Why nothing can be claimed, where nothing can.</summary>
    public static string Doubt(Comparison comparison) => comparison.Seeds.Count < FewestSeeds
        ? FormattableString.Invariant($"there are fewer than {FewestSeeds} seeds")
        : FormattableString.Invariant($"p over seeds is not below {Level}");
}
