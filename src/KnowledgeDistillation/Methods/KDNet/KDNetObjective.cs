using KnowledgeDistillation.Losses;

namespace KnowledgeDistillation.Methods.KDNet;

/// <summary>The complete objective of KD-Net, eq. 5: L = λ L_KD + (1 − λ) L_GT + α L_KL.</summary>
public static class KDNetObjective
{
    /// <summary>KD-Net's term "GT" (<see cref="ReferenceLoss"/>, eq. 4), also to give to the objectives of other methods.</summary>
    /// <param name="dice">Details of its Dice term; null for the defaults.</param>
    /// <param name="reduction">How samples are reduced.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public static UnweightedTerm Reference(SoftDiceOptions? dice = null, BatchReduction reduction = BatchReduction.Mean) =>
        new("GT", new ReferenceLoss(dice, reduction));

    /// <summary>
    /// Makes the objective with the terms "KD" (<see cref="SoftTargetLoss"/>), "GT" (<see cref="ReferenceLoss"/>) and "KL" (<see cref="BottleneckLoss"/>).
    /// </summary>
    /// <param name="options">Weights and details; null for the paper's: λ = 0.75, T = 5, α = 10.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public static WeightedObjective Create(KDNetObjectiveOptions? options = null)
    {
        options ??= new KDNetObjectiveOptions();
        options.Faults().ThrowIfAny();
        return new WeightedObjective(
            new LossTerm("KD", options.Lambda, new SoftTargetLoss(options.SoftTargets)),
            Reference(options.ReferenceDice, options.ReferenceReduction).Weighted(1 - options.Lambda),
            new LossTerm("KL", options.Alpha, new BottleneckLoss(options.Bottleneck)));
    }
}
