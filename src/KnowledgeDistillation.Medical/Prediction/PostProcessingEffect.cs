namespace KnowledgeDistillation.Medical.Prediction;

/// <summary>What post-processing did to a region on the cases on which it was chosen.</summary>
/// <param name="Region">The name of the region.</param>
/// <param name="Before">The mean Dice without it, from 0 to 1; a case where reference and prediction are both empty counts 1, where only one is, 0.</param>
/// <param name="After">The mean Dice with it, never less.</param>
public sealed record PostProcessingEffect(string Region, double Before, double After);
