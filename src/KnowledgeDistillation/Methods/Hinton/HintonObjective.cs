using KnowledgeDistillation.Losses;

namespace KnowledgeDistillation.Methods.Hinton;

/// <summary>The objective of Hinton, Vinyals and Dean 2015: L = (1 − a) CE + a T² KL.</summary>
public static class HintonObjective
{
    /// <summary>Makes the objective with the terms "CE" (<see cref="ReferenceCrossEntropyLoss"/>) and "KD" (<see cref="HintonLoss"/>).</summary>
    /// <param name="options">Weights and details; null for the defaults: a = 0.5, T = 4.</param>
    /// <param name="reference">What compares the student with the reference, with the same weight; null for the cross-entropy ("CE") as published,
    /// <see cref="KDNet.KDNetObjective.Reference"/> for KD-Net's.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public static WeightedObjective Create(HintonObjectiveOptions? options = null, UnweightedTerm? reference = null)
    {
        options ??= new HintonObjectiveOptions();
        options.Faults().ThrowIfAny();
        return new WeightedObjective(
            (reference ?? ReferenceCrossEntropyLoss.Term(options.ReferenceReduction)).Weighted(1 - options.TeacherWeight),
            new LossTerm("KD", options.TeacherWeight, new HintonLoss(options.SoftTargets)));
    }
}
