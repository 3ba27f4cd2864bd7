using KnowledgeDistillation.Losses;

namespace KnowledgeDistillation.Methods.KDNet;

/// <summary>The complete objective of KD-Net, eq. 5: L = λ L_KD + (1 − λ) L_GT + α L_KL.</summary>
public static class KDNetObjective
{
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
            new LossTerm("GT", 1 - options.Lambda, new ReferenceLoss(options.ReferenceDice, options.ReferenceReduction)),
            new LossTerm("KL", options.Alpha, new BottleneckLoss(options.Bottleneck)));
    }
}
