namespace KnowledgeDistillation.Medical.Prediction;

/// <summary>What <see cref="PostProcessingSearch"/> has chosen.</summary>
/// <param name="Options">What is cleaned away.</param>
/// <param name="Cases">The number of cases on which it was chosen.</param>
/// <param name="Regions">The mean Dice of each region without and with it.</param>
public sealed record PostProcessingChoice(PostProcessingOptions Options, int Cases, IReadOnlyList<PostProcessingEffect> Regions);
