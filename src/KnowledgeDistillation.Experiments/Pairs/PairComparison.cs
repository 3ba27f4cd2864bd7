using KnowledgeDistillation.Experiments.Statistics;
using KnowledgeDistillation.Medical.BraTS;

namespace KnowledgeDistillation.Experiments.Pairs;

/// <summary>What a comparison is there for.</summary>
internal enum PairQuestion
{
    /// <summary>What the study was made to answer; the only comparison that claims something.</summary>
    Primary,

    /// <summary>Whether there was something to teach.</summary>
    Check,

    /// <summary>What may explain the answer, without a claim.</summary>
    Descriptive,
}

/// <summary>A network against another in one region, over the pairs that have both.</summary>
/// <param name="One">The network.</param>
/// <param name="Other">What it is compared with.</param>
/// <param name="Question">What it is there for.</param>
/// <param name="Region">The region.</param>
/// <param name="OneMean">The network's mean Dice, from 0 to 1.</param>
/// <param name="OtherMean">The other's.</param>
/// <param name="Pairs">The pairs, counted from 1, in their order.</param>
/// <param name="Differences">The difference in Dice of each of them.</param>
/// <param name="OneVolume">The network's predicted over reference volume, mean over the pairs.</param>
/// <param name="OtherVolume">The other's.</param>
/// <param name="VolumeDifferences">The difference of both of each of the pairs.</param>
internal sealed record PairComparison(
    PairSystem One,
    PairSystem Other,
    PairQuestion Question,
    string Region,
    double OneMean,
    double OtherMean,
    IReadOnlyList<int> Pairs,
    IReadOnlyList<double> Differences,
    double OneVolume,
    double OtherVolume,
    IReadOnlyList<double> VolumeDifferences)
{
    private static readonly (PairSystem One, PairSystem Other, PairQuestion Question)[] Questions =
    [
        (PairSystem.KDNet, PairSystem.Baseline, PairQuestion.Primary),
        (PairSystem.Teacher, PairSystem.Baseline, PairQuestion.Check),
        (PairSystem.KDNetSquared, PairSystem.Baseline, PairQuestion.Descriptive),
        (PairSystem.KDNetSquared, PairSystem.KDNet, PairQuestion.Descriptive),
        (PairSystem.BottleneckStudent, PairSystem.Baseline, PairQuestion.Descriptive),
        (PairSystem.SoftTargetStudent, PairSystem.Baseline, PairQuestion.Descriptive),
    ];

    /// <summary>The t test of the differences in Dice.</summary>
    public StudentTTest Test { get; } = StudentTTest.Of(Differences);

    /// <summary>The t test of the differences of the volume ratios; null where a pair has none.</summary>
    public StudentTTest? VolumeTest { get; } = VolumeDifferences.All(double.IsFinite) ? StudentTTest.Of(VolumeDifferences) : null;

    /// <summary>p after Holm's correction over the primary comparisons; NaN for others.</summary>
    public double AdjustedPValue { get; init; } = double.NaN;

    /// <summary>For example "KD-Net − baseline".</summary>
    public string Title => $"{One.Title} − {Other.Title}";

    /// <summary>All comparisons of the pairs that are done, the primary ones first, those without a pair left out.</summary>
    public static IReadOnlyList<PairComparison> Of(IReadOnlyList<PairRow> rows)
    {
        ILookup<(string System, string Region), PairRow> by = rows.OrderBy(row => row.Pair).ToLookup(row => (row.System, row.Region));
        List<PairComparison> comparisons = [];
        foreach ((PairSystem one, PairSystem other, PairQuestion question) in Questions)
        {
            foreach (string region in BraTSRegions.All.Select(region => region.Name))
            {
                (PairRow One, PairRow Other)[] pairs =
                [
                    .. by[(one.Name, region)].Join(by[(other.Name, region)], row => row.Pair, row => row.Pair, (first, second) => (first, second)),
                ];
                if (pairs.Length == 0)
                    continue;
                comparisons.Add(new PairComparison(
                    one,
                    other,
                    question,
                    region,
                    pairs.Average(pair => pair.One.Dice),
                    pairs.Average(pair => pair.Other.Dice),
                    [.. pairs.Select(pair => pair.One.Pair)],
                    [.. pairs.Select(pair => pair.One.Dice - pair.Other.Dice)],
                    pairs.Average(pair => pair.One.VolumeRatio),
                    pairs.Average(pair => pair.Other.VolumeRatio),
                    [.. pairs.Select(pair => pair.One.VolumeRatio - pair.Other.VolumeRatio)]));
            }
        }

        int[] primary =
            [.. Enumerable.Range(0, comparisons.Count).Where(i => comparisons[i].Question == PairQuestion.Primary && comparisons[i].Differences.Count > 1)];
        IReadOnlyList<double> adjusted = primary.Length == 0 ? [] : HolmCorrection.Adjust(primary.Select(i => comparisons[i].Test.PValue));
        for (int i = 0; i < primary.Length; i++)
            comparisons[primary[i]] = comparisons[primary[i]] with { AdjustedPValue = adjusted[i] };
        return comparisons;
    }
}
