using KnowledgeDistillation.Losses;

namespace KnowledgeDistillation.Methods.GeneralizedDistillation;

/// <summary>
/// The objective of generalized distillation (Lopez-Paz et al. 2016): L = (1 − λ) l(y, σ(f_s)) + λ l(s, σ(f_s)), l being the cross-entropy and s = σ(f_t/T).
/// </summary>
public static class GeneralizedDistillationObjective
{
    /// <summary>Makes the objective with the terms "CE" (<see cref="ReferenceCrossEntropyLoss"/>) and "imitation" (<see cref="ImitationLoss"/>).</summary>
    /// <param name="options">Weights and details; null for the defaults: λ = 0.75, T = 5.</param>
    /// <param name="reference">What compares the student with the reference, with the same weight; null for the cross-entropy ("CE") as published,
    /// <see cref="KDNet.KDNetObjective.Reference"/> for KD-Net's.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public static WeightedObjective Create(GeneralizedDistillationObjectiveOptions? options = null, UnweightedTerm? reference = null)
    {
        options ??= new GeneralizedDistillationObjectiveOptions();
        options.Faults().ThrowIfAny();
        return new WeightedObjective(
            (reference ?? ReferenceCrossEntropyLoss.Term(options.ReferenceReduction)).Weighted(1 - options.Lambda),
            new LossTerm("imitation", options.Lambda, new ImitationLoss(options.SoftTargets)));
    }
}
