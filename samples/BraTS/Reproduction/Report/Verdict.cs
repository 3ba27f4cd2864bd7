namespace KnowledgeDistillation.Samples.BraTS;

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

    /// <summary>The rule, in words.</summary>
    public static string Rule { get; } = FormattableString.Invariant(
        $"A gain or a loss is claimed only where all of these agree: at least {FewestCases} cases, a 95 % interval of the mean difference that leaves out 0, and p below {Level} after Holm's correction, in the same direction. In all other cases the answer is \"cannot tell\", which is not the same as \"no difference\".");

    public static Verdict Of(Comparison comparison)
    {
        if (Doubts(comparison).Count > 0)
            return Verdict.Open;
        return comparison.Difference.Mean > 0 ? Verdict.Gain : Verdict.Loss;
    }

    public static string InWords(this Verdict verdict) => verdict switch
    {
        Verdict.Gain => "gain",
        Verdict.Loss => "loss",
        _ => "cannot tell",
    };

    /// <summary>The class of chart.css that colours it.</summary>
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
}
