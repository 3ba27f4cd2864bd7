using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.KDNet;

/// <summary>The choices that <see cref="SoftTargetLoss"/> leaves open. Defaults are the paper's.</summary>
public sealed record SoftTargetOptions
{
    /// <summary>The temperature T of eq. 1, above 0. Default 5.</summary>
    public double Temperature { get; init; } = 5;

    /// <summary>
    /// Whether the student's logits are divided by T as well (Hinton et al. 2015). Default no: on the teacher only (Lopez-Paz et al. 2016), as eq. 2 has it.
    /// </summary>
    public bool TemperatureOnStudent { get; init; }

    /// <summary>
    /// Whether the loss is multiplied by T², which keeps the size of its gradient when the temperature is on both sides (Hinton et al. 2015). Default no.
    /// </summary>
    public bool ScaleBySquaredTemperature { get; init; }

    /// <summary>Whether the cross-entropy compares with the soft targets s instead of the binary prediction s*. Default no.</summary>
    public bool SoftCrossEntropy { get; init; }

    /// <summary>Details of the Dice term.</summary>
    public SoftDiceOptions Dice { get; init; } = new();

    /// <summary>How samples are reduced; the paper sums, the default is the mean.</summary>
    public BatchReduction Reduction { get; init; } = BatchReduction.Mean;

    internal OptionFaults Faults() => new OptionFaults(nameof(SoftTargetOptions))
        .Require(Temperature > 0 && double.IsFinite(Temperature), $"Temperature must be above 0, but is {Temperature}.")
        .Require(Enum.IsDefined(Reduction), $"Reduction has no value {Reduction}.")
        .Include(nameof(Dice), Dice?.Faults());
}
