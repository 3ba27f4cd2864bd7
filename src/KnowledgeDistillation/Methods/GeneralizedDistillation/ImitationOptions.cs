using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.GeneralizedDistillation;

/// <summary>The choices that <see cref="ImitationLoss"/> leaves open.</summary>
public sealed record ImitationOptions
{
    /// <summary>
    /// The temperature T of the teacher, above 0. Default 5, which KD-Net uses for the same soft targets; Lopez-Paz et al. choose it by validation.
    /// 1 gives the pixel-wise loss of Liu et al. 2019.
    /// </summary>
    public double Temperature { get; init; } = 5;

    /// <summary>How samples are reduced. Default <see cref="BatchReduction.Mean"/>.</summary>
    public BatchReduction Reduction { get; init; } = BatchReduction.Mean;

    internal OptionFaults Faults() => new OptionFaults(nameof(ImitationOptions))
        .Require(Temperature > 0 && double.IsFinite(Temperature), $"Temperature must be above 0, but is {Temperature}.")
        .Require(Enum.IsDefined(Reduction), $"Reduction has no value {Reduction}.");
}
