namespace KnowledgeDistillation.Losses;

/// <summary>One term of a <see cref="WeightedObjective"/>.</summary>
/// <param name="Name">The name under which it is reported, for example "KL".</param>
/// <param name="Weight">Its weight, finite and at least 0. A term of weight 0 is computed and reported but does not teach.</param>
/// <param name="Loss">The loss.</param>
public sealed record LossTerm(string Name, double Weight, IDistillationLoss Loss);
