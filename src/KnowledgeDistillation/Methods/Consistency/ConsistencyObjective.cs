using KnowledgeDistillation.Losses;

namespace KnowledgeDistillation.Methods.Consistency;

/// <summary>The objective of Xie et al. 2018: the reference's cross-entropy, and the zero-order and first-order consistency of student and teacher.</summary>
public static class ConsistencyObjective
{
    /// <summary>
    /// Makes the objective with the terms "CE" (<see cref="ReferenceCrossEntropyLoss"/>, weight 1), "zero-order" (<see cref="ZeroOrderConsistencyLoss"/>)
    /// and "first-order" (<see cref="FirstOrderConsistencyLoss"/>).
    /// </summary>
    /// <param name="options">Weights and details; null for the defaults. The weights of 1 are ours: the sizes of the terms depend on how many neighbors count,
    /// so look at their shares of the gradient.</param>
    /// <param name="reference">What compares the student with the reference, with the same weight; null for the cross-entropy ("CE") as published,
    /// <see cref="KDNet.KDNetObjective.Reference"/> for KD-Net's.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public static WeightedObjective Create(ConsistencyObjectiveOptions? options = null, UnweightedTerm? reference = null)
    {
        options ??= new ConsistencyObjectiveOptions();
        options.Faults().ThrowIfAny();
        return new WeightedObjective(
            (reference ?? ReferenceCrossEntropyLoss.Term(options.Reduction)).Weighted(1),
            new LossTerm("zero-order", options.ZeroOrderWeight, new ZeroOrderConsistencyLoss(options.Reduction)),
            new LossTerm("first-order", options.FirstOrderWeight, new FirstOrderConsistencyLoss(options.FirstOrder)));
    }
}
