using KnowledgeDistillation.Experiments.Evaluation;
using KnowledgeDistillation.Experiments.Statistics;

namespace KnowledgeDistillation.Experiments.Reproduction.Results;

/// <summary>
/// The Dice of a student against that of its baseline on the cases that both scored; a region that is empty in reference
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

    /// <summary>How many folds the cases are from: those that both rows have.</summary>
    public required int Folds { get; init; }

    /// <summary>How many folds the student's row is to have.</summary>
    public required int PlannedFolds { get; init; }

    /// <summary>The student's mean Dice over these cases, from 0 to 1.</summary>
    public required double StudentMean { get; init; }

    /// <summary>The baseline's mean Dice over the same cases, from 0 to 1.</summary>
    public required double BaselineMean { get; init; }

    /// <summary>The mean of the differences student − baseline, from −1 to 1, with its bootstrap interval; its ends are NaN for a single case.</summary>
    public required BootstrapInterval Difference { get; init; }

    /// <summary>The signed-rank test of the differences, with the effect size.</summary>
    public required WilcoxonSignedRank Test { get; init; }

    /// <summary>The p value after Holm's correction over all tests of the family.</summary>
    public required double AdjustedPValue { get; init; }

    /// <summary>How many tests the family has: all regions and all compared rows of the same grid and modality.</summary>
    public required int FamilySize { get; init; }

    /// <summary>On how many cases the student is better.</summary>
    public required int Wins { get; init; }

    /// <summary>On how many cases it is worse.</summary>
    public required int Losses { get; init; }

    /// <summary>On how many cases they are equal.</summary>
    public int Ties => Cases - Wins - Losses;

    /// <summary>The cases that both scored.</summary>
    public int Cases => Difference.Count;
}
