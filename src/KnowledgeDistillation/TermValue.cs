namespace KnowledgeDistillation;

/// <summary>The value of one term of an objective.</summary>
/// <param name="Name">The name of the term.</param>
/// <param name="Weight">Its weight.</param>
/// <param name="Value">Its value before weighting.</param>
public sealed record TermValue(string Name, double Weight, double Value)
{
    /// <summary>What the term adds to the objective.</summary>
    public double Weighted => Weight == 0 ? 0 : Weight * Value;
}
