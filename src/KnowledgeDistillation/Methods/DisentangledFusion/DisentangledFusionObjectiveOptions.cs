using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.DisentangledFusion;

/// <summary>The weights of the objective of Chen et al. (2019). Defaults are those of their published code.</summary>
public sealed record DisentangledFusionObjectiveOptions
{
    /// <summary>Details of the Dice term. Default: all classes with background, squared denominator, smooth 1e-5.</summary>
    public SoftDiceOptions Dice { get; init; } = new() { Form = DiceForm.Squared, IncludeBackground = true };

    /// <summary>
    /// The weight of the mean absolute error of the reconstructed images, at least 0. Default 0.4: the published 0.1 for each of four modalities,
    /// over which <see cref="ReconstructionLoss"/> averages.
    /// </summary>
    public double ReconstructionWeight { get; init; } = 0.4;

    /// <summary>
    /// The weight of the divergence of the appearance codes, at least 0. Default 0.4: the published 0.1 for each of four modalities,
    /// over which <see cref="AppearanceDivergenceLoss"/> averages.
    /// </summary>
    public double AppearanceWeight { get; init; } = 0.4;

    internal OptionFaults Faults() => new OptionFaults(nameof(DisentangledFusionObjectiveOptions))
        .Include(nameof(Dice), Dice?.Faults())
        .Require(ReconstructionWeight >= 0 && double.IsFinite(ReconstructionWeight), $"ReconstructionWeight must be at least 0, but is {ReconstructionWeight}.")
        .Require(AppearanceWeight >= 0 && double.IsFinite(AppearanceWeight), $"AppearanceWeight must be at least 0, but is {AppearanceWeight}.");
}
