using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.GeneralizedDistillation;

/// <summary>The weights of <see cref="GeneralizedDistillationObjective"/>.</summary>
public sealed record GeneralizedDistillationObjectiveOptions
{
    /// <summary>
    /// The imitation parameter λ, from 0 (reference only) to 1 (teacher only). Default 0.75, KD-Net's; Lopez-Paz et al. choose it by validation.
    /// </summary>
    public double Lambda { get; init; } = 0.75;

    /// <summary>Temperature and details of the imitation term.</summary>
    public ImitationOptions SoftTargets { get; init; } = new();

    /// <summary>
    /// How samples are reduced in the reference's term; keep it equal to that of the other. Ignored where a <see cref="UnweightedTerm"/> is given.
    /// </summary>
    public BatchReduction ReferenceReduction { get; init; } = BatchReduction.Mean;

    internal OptionFaults Faults() => new OptionFaults(nameof(GeneralizedDistillationObjectiveOptions))
        .Require(Lambda is >= 0 and <= 1, $"Lambda must be from 0 to 1, but is {Lambda}.")
        .Require(Enum.IsDefined(ReferenceReduction), $"ReferenceReduction has no value {ReferenceReduction}.")
        .Include(nameof(SoftTargets), SoftTargets?.Faults());
}
