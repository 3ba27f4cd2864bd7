using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.PrototypeDistillation;

namespace KnowledgeDistillation.Methods.PrivilegedKnowledge;

/// <summary>The objective of PMKL (Chen et al. 2022): reference + 0.5 regularized distillation + 0.5 contrastive pairs.</summary>
public static class PrivilegedKnowledgeObjective
{
    /// <summary>
    /// Makes the objective with the terms "CE + Dice" (<see cref="PrototypeDistillationObjective.Reference"/>), "KD" (<see cref="PrivilegedTargetLoss"/>)
    /// and "pairs" (<see cref="ContrastivePairLoss"/>).
    /// </summary>
    /// <param name="pairs">The loss with its projectors, which the objective owns from now on.</param>
    /// <param name="options">Weights and details; null for those of the released code.</param>
    /// <param name="reference">What compares the student with the reference, with the weight 1; null for cross-entropy and Dice as published, but without the
    /// published weights of the classes, <see cref="KDNet.KDNetObjective.Reference"/> for KD-Net's.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public static WeightedObjective Create(
        ContrastivePairLoss pairs, PrivilegedKnowledgeObjectiveOptions? options = null, UnweightedTerm? reference = null)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        options ??= new PrivilegedKnowledgeObjectiveOptions();
        options.Faults().ThrowIfAny();
        return new WeightedObjective(
            (reference ?? PrototypeDistillationObjective.Reference()).Weighted(1),
            new LossTerm("KD", options.TeacherWeight, new PrivilegedTargetLoss(options.Targets)),
            new LossTerm("pairs", options.ContrastiveWeight, pairs));
    }
}
