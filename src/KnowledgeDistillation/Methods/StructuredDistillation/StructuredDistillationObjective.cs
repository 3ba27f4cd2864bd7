using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.GeneralizedDistillation;

namespace KnowledgeDistillation.Methods.StructuredDistillation;

/// <summary>
/// The objective of structured distillation (Liu et al. 2019): the reference's cross-entropy, and the pixel-wise,
/// pair-wise and holistic distance of student and teacher.
/// </summary>
public static class StructuredDistillationObjective
{
    /// <summary>
    /// Makes the objective with the terms "CE" (<see cref="ReferenceCrossEntropyLoss"/>, weight 1), "pixel-wise" (<see cref="ImitationLoss"/> at T = 1),
    /// "pair-wise" (<see cref="PairWiseLoss"/>) and "holistic" (<see cref="HolisticLoss"/>).
    /// </summary>
    /// <param name="holistic">The holistic loss, a new one for each fit. It belongs to the objective from now on, which disposes it;
    /// where this throws, it still belongs to the caller.</param>
    /// <param name="options">Weights and details; null for the defaults: 10, 0.5 and 0.1.</param>
    /// <param name="reference">What compares the student with the reference, with the same weight; null for the cross-entropy ("CE") as published,
    /// <see cref="KDNet.KDNetObjective.Reference"/> for KD-Net's.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public static WeightedObjective Create(HolisticLoss holistic, StructuredDistillationObjectiveOptions? options = null, UnweightedTerm? reference = null)
    {
        ArgumentNullException.ThrowIfNull(holistic);
        options ??= new StructuredDistillationObjectiveOptions();
        options.Faults().ThrowIfAny();
        return new WeightedObjective(
            (reference ?? ReferenceCrossEntropyLoss.Term(options.Reduction)).Weighted(1),
            new LossTerm("pixel-wise", options.PixelWiseWeight, new ImitationLoss(new ImitationOptions { Temperature = 1, Reduction = options.Reduction })),
            new LossTerm("pair-wise", options.PairWiseWeight, new PairWiseLoss(options.PairWise)),
            new LossTerm("holistic", options.HolisticWeight, holistic));
    }
}
