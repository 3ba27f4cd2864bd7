namespace KnowledgeDistillation.Medical.Augmentation;

/// <summary>A number that is drawn at random, uniformly from a range, in a share of the cases.</summary>
/// <param name="Least">The least value.</param>
/// <param name="Greatest">The greatest, at least <paramref name="Least"/>.</param>
/// <param name="Probability">The share of the cases that are changed, above 0, at most 1.</param>
public sealed record RandomRange(double Least, double Greatest, double Probability);
