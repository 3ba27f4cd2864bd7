namespace KnowledgeDistillation.Losses;

/// <summary>
/// A term of an objective before it is weighted, for example what compares the student with the reference: methods differ in it as published.
/// Most take the cross-entropy, KD-Net adds a Dice term; giving all of them the same one compares what they learn from the teacher alone.
/// </summary>
/// <param name="Name">The name under which the term is reported, for example "CE" or "GT".</param>
/// <param name="Loss">The loss.</param>
public sealed record UnweightedTerm(string Name, IDistillationLoss Loss)
{
    /// <summary>The term with a weight.</summary>
    /// <param name="weight">The weight, finite and at least 0.</param>
    public LossTerm Weighted(double weight) => new(Name, weight, Loss);
}
