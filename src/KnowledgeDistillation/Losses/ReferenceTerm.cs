namespace KnowledgeDistillation.Losses;

/// <summary>
/// The term of an objective that compares the student with the reference, before it is weighted. Methods differ in it as published:
/// most take the cross-entropy, KD-Net adds a Dice term. Giving all of them the same one compares what they learn from the teacher alone.
/// </summary>
/// <param name="Name">The name under which the term is reported, for example "CE" or "GT".</param>
/// <param name="Loss">The loss, which needs no teacher.</param>
public sealed record ReferenceTerm(string Name, IDistillationLoss Loss)
{
    /// <summary>The term "CE" (<see cref="ReferenceCrossEntropyLoss"/>), that of most methods as published.</summary>
    /// <param name="reduction">How samples are reduced.</param>
    public static ReferenceTerm CrossEntropy(BatchReduction reduction = BatchReduction.Mean) => new("CE", new ReferenceCrossEntropyLoss(reduction));

    internal LossTerm Weighted(double weight) => new(Name, weight, Loss);
}
