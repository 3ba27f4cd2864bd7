namespace KnowledgeDistillation.Experiments.Reproduction.Results;

/// <summary>A student against its baseline with one seed.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Folds">How many folds both have done.</param>
/// <param name="Cases">How many cases both have scored.</param>
/// <param name="StudentMean">The student's mean Dice over these cases, from 0 to 1.</param>
/// <param name="BaselineMean">The baseline's mean Dice over the same cases.</param>
internal sealed record SeedDifference(int Seed, int Folds, int Cases, double StudentMean, double BaselineMean)
{
    /// <summary>The mean difference of this seed, from −1 to 1.</summary>
    public double Difference => StudentMean - BaselineMean;
}
