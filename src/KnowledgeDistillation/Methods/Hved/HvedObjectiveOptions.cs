using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.Hved;

/// <summary>The weights of U-HVED's objective. Defaults are those of Dorent et al. (2019).</summary>
public sealed record HvedObjectiveOptions
{
    /// <summary>Details of the Dice term. Default: all classes with background, squared denominator, smooth 1e-5.</summary>
    public SoftDiceOptions Dice { get; init; } = new() { Form = DiceForm.Squared, IncludeBackground = true };

    /// <summary>The weight of the divergence between subsets of modalities, at least 0. Default 0.1.</summary>
    public double DivergenceWeight { get; init; } = 0.1;

    /// <summary>Details of the divergence.</summary>
    public ModalitySubsetDivergenceOptions Divergence { get; init; } = new();

    /// <summary>The weight of the mean squared error of the reconstructed images, at least 0. Default 0.1.</summary>
    public double ReconstructionWeight { get; init; } = 0.1;

    internal OptionFaults Faults() => new OptionFaults(nameof(HvedObjectiveOptions))
        .Include(nameof(Dice), Dice?.Faults())
        .Require(DivergenceWeight >= 0 && double.IsFinite(DivergenceWeight), $"DivergenceWeight must be at least 0, but is {DivergenceWeight}.")
        .Include(nameof(Divergence), Divergence?.Faults())
        .Require(
            ReconstructionWeight >= 0 && double.IsFinite(ReconstructionWeight), $"ReconstructionWeight must be at least 0, but is {ReconstructionWeight}.");
}
