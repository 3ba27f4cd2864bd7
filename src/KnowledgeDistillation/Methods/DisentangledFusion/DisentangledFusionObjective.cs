using KnowledgeDistillation.Losses;

namespace KnowledgeDistillation.Methods.DisentangledFusion;

/// <summary>
/// The objective that <see cref="DisentangledFusionNet3D"/> is trained with (Chen et al.
/// 2019): cross-entropy + Dice + reconstruction + divergence of the appearance.
/// </summary>
/// <remarks>
/// The published code weights the cross-entropy of each class by one minus its share of the volume; here it is not weighted. It adds an L2 penalty
/// of 1e-4 on the weights and trains 300 epochs of Adam whose learning rate falls from 1e-4 as (1 − epoch/300)^0.9, with batches of one window of 80³ voxels.
/// </remarks>
public static class DisentangledFusionObjective
{
    /// <summary>
    /// Makes the objective with the terms "cross-entropy" (<see cref="ReferenceCrossEntropyLoss"/>), "Dice" (<see cref="ReferenceDiceLoss"/>), "reconstruction"
    /// (<see cref="ReconstructionLoss"/>, absolute) and "appearance" (<see cref="AppearanceDivergenceLoss"/>).
    /// </summary>
    /// <param name="options">Weights and details; null for those of the published code.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public static WeightedObjective Create(DisentangledFusionObjectiveOptions? options = null)
    {
        options ??= new DisentangledFusionObjectiveOptions();
        options.Faults().ThrowIfAny();
        return new WeightedObjective(
            new LossTerm("cross-entropy", 1, new ReferenceCrossEntropyLoss()),
            new LossTerm("Dice", 1, new ReferenceDiceLoss(options.Dice)),
            new LossTerm(
                "reconstruction", options.ReconstructionWeight,
                new ReconstructionLoss(new ReconstructionOptions { Distance = ReconstructionDistance.Absolute })),
            new LossTerm("appearance", options.AppearanceWeight, new AppearanceDivergenceLoss()));
    }
}
