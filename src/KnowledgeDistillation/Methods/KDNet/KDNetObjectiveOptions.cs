using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.KDNet;

/// <summary>The weights of KD-Net's objective, eq. 5. Defaults are the paper's (section 3.2).</summary>
public sealed record KDNetObjectiveOptions
{
    /// <summary>The imitation parameter λ, from 0 (reference only) to 1 (teacher only). Default 0.75.</summary>
    public double Lambda { get; init; } = 0.75;

    /// <summary>The weight α of the bottleneck loss, at least 0. Default 10.</summary>
    public double Alpha { get; init; } = 10;

    /// <summary>Temperature and details of L_KD; the default temperature is 5.</summary>
    public SoftTargetOptions SoftTargets { get; init; } = new();

    /// <summary>Details of L_KL.</summary>
    public BottleneckOptions Bottleneck { get; init; } = new();

    /// <summary>Details of the Dice term of L_GT.</summary>
    public SoftDiceOptions ReferenceDice { get; init; } = new();

    /// <summary>How samples are reduced in L_GT; keep it equal to that of the other two.</summary>
    public BatchReduction ReferenceReduction { get; init; } = BatchReduction.Mean;

    internal OptionFaults Faults() => new OptionFaults(nameof(KDNetObjectiveOptions))
        .Require(Lambda is >= 0 and <= 1, $"Lambda must be from 0 to 1, but is {Lambda}.")
        .Require(Alpha >= 0 && double.IsFinite(Alpha), $"Alpha must be at least 0, but is {Alpha}.")
        .Require(Enum.IsDefined(ReferenceReduction), $"ReferenceReduction has no value {ReferenceReduction}.")
        .Include(nameof(SoftTargets), SoftTargets?.Faults())
        .Include(nameof(Bottleneck), Bottleneck?.Faults())
        .Include(nameof(ReferenceDice), ReferenceDice?.Faults());
}
