using KnowledgeDistillation.Experiments.Evaluation;

namespace KnowledgeDistillation.Experiments.Reproduction.Results;

/// <summary>The Dice of a student and of its baseline on each case that both have scored.</summary>
/// <param name="Student">A run of the student's row.</param>
/// <param name="Baseline">The baseline's row.</param>
/// <param name="PlannedFolds">How many folds the student's row is to have.</param>
/// <param name="Grid">The grid of the scores.</param>
/// <param name="Region">The region, for example "ET".</param>
/// <param name="Cases">The cases, at least one.</param>
internal sealed record ComparedCases(PlannedRun Student, string Baseline, int PlannedFolds, ScoringGrid Grid, string Region, IReadOnlyList<ComparedCase> Cases)
{
    /// <summary>How many folds the cases are from.</summary>
    public int Folds => Cases.Select(pair => pair.Fold).Distinct().Count();
}

/// <summary>The Dice of two systems on a case, from 0 to 1.</summary>
internal sealed record ComparedCase(int Fold, string CaseId, double Student, double Baseline)
{
    public double Difference => Student - Baseline;
}
