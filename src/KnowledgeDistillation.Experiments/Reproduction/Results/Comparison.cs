using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Statistics;

namespace KnowledgeDistillation.Experiments.Reproduction.Results;

/// <summary>
/// The Dice of a student against that of its baseline on the cases that both scored, with one or several seeds; a region that is empty in reference
/// and prediction counts 1, in one of them 0.
/// </summary>
internal sealed record Comparison
{
    /// <summary>The student's row, <see cref="PlannedRun.Row"/>.</summary>
    public required string Row { get; init; }

    /// <summary>The baseline's row.</summary>
    public required string Baseline { get; init; }

    /// <summary>The modality that both see.</summary>
    public required string Modality { get; init; }

    /// <summary>The grid of the scores.</summary>
    public required ScoringGrid Grid { get; init; }

    /// <summary>The region, for example "ET".</summary>
    public required string Region { get; init; }

    /// <summary>How many folds of all seeds the student's row is to have.</summary>
    public required int PlannedFolds { get; init; }

    /// <summary>Each seed that has cases which both scored, in the order of the seeds; at least one.</summary>
    public required IReadOnlyList<SeedDifference> Seeds { get; init; }

    /// <summary>
    /// The mean of the seeds' differences with Student's interval: each seed counts the same, and what differs between seeds is in its width.
    /// A single seed has neither interval nor p value: they are NaN.
    /// </summary>
    public required StudentTTest OverSeeds { get; init; }

    /// <summary>
    /// The mean difference over the cases, from −1 to 1, with its bootstrap interval, whose ends are NaN for a single case.
    /// Cases that seeds share are averaged over the seeds first.
    /// </summary>
    public required BootstrapInterval OverCases { get; init; }

    /// <summary>The signed-rank test of the same differences of cases, with the effect size.</summary>
    public required WilcoxonSignedRank Test { get; init; }

    /// <summary>The p value of <see cref="Test"/> after Holm's correction over all tests of the family.</summary>
    public required double AdjustedPValue { get; init; }

    /// <summary>The p value of <see cref="OverSeeds"/> after Holm's correction over the same family; NaN with a single seed.</summary>
    public required double AdjustedPValueOverSeeds { get; init; }

    /// <summary>How many tests the family has: all regions and all compared rows of the same grid and modality.</summary>
    public required int FamilySize { get; init; }

    /// <summary>On how many cases the student is better.</summary>
    public required int Wins { get; init; }

    /// <summary>On how many cases it is worse.</summary>
    public required int Losses { get; init; }

    /// <summary>On how many cases they are equal.</summary>
    public int Ties => Cases - Wins - Losses;

    /// <summary>The cases that are compared.</summary>
    public int Cases => OverCases.Count;

    /// <summary>How many folds of all seeds both have done.</summary>
    public int Folds => Seeds.Sum(seed => seed.Folds);

    /// <summary>In how many seeds the student is ahead.</summary>
    public int SeedsAhead => Seeds.Count(seed => seed.Difference > 0);

    /// <summary>The student's mean Dice, from 0 to 1, each seed counting the same.</summary>
    public double StudentMean => Seeds.Average(seed => seed.StudentMean);

    /// <summary>The baseline's mean Dice, from 0 to 1, each seed counting the same.</summary>
    public double BaselineMean => Seeds.Average(seed => seed.BaselineMean);
}
