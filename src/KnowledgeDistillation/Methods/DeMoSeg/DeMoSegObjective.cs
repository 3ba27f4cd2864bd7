using KnowledgeDistillation.Losses;

namespace KnowledgeDistillation.Methods.DeMoSeg;

/// <summary>
/// The objective that DeMoSeg (<see cref="DeMoSeg3D"/>) is trained with (Yang et al. 2024): cross-entropy + Dice, the same of deeper levels in their own
/// resolution, and the distillation between modalities.
/// </summary>
/// <remarks>
/// The published code trains 1,000 epochs of 250 steps of SGD (Nesterov momentum 0.99) whose learning rate falls from 1e-2 as (1 − epoch/1000)^0.9,
/// weight decay 3e-5, gradients clipped at a norm of 12, with batches of two windows of 128³ voxels and nnU-Net's augmentations.
/// </remarks>
public static class DeMoSegObjective
{
    /// <summary>
    /// Makes the objective with the terms "cross-entropy" (<see cref="ReferenceCrossEntropyLoss"/>, or <see cref="BalancedCrossEntropyLoss"/> where it is to be
    /// balanced), "Dice" (<see cref="ReferenceDiceLoss"/>), "levels" (<see cref="DeepSupervisionLoss"/>) and "substitutes" (<see cref="SubstituteLoss"/>).
    /// </summary>
    /// <param name="options">Weights and details; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public static WeightedObjective Create(DeMoSegObjectiveOptions? options = null)
    {
        options ??= new DeMoSegObjectiveOptions();
        options.Faults().ThrowIfAny();
        var levels = new DeepSupervisionOptions { Segmentation = options.Segmentation, Grid = SupervisionGrid.Level, Decay = 0.5 };
        return new WeightedObjective(
            new LossTerm("cross-entropy", 1, options.Segmentation.Balanced ? new BalancedCrossEntropyLoss() : new ReferenceCrossEntropyLoss()),
            new LossTerm("Dice", 1, new ReferenceDiceLoss(options.Segmentation.Dice)),
            new LossTerm("levels", options.LevelWeight, new DeepSupervisionLoss(levels)),
            new LossTerm("substitutes", options.SubstituteWeight, new SubstituteLoss()));
    }
}
