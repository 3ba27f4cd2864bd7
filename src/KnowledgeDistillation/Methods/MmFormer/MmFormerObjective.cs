using KnowledgeDistillation.Losses;

namespace KnowledgeDistillation.Methods.MmFormer;

/// <summary>
/// The objective that mmFormer (<see cref="MmFormer3D"/>) is trained with (Zhang et al. 2022): balanced cross-entropy + Dice of the fused segmentation,
/// of those from single modalities and of those of deeper levels.
/// </summary>
/// <remarks>
/// The published code trains 1,000 epochs of Adam (AMSGrad) whose learning rate falls from 2e-4 as (1 − epoch/1000)^0.9, weight decay 1e-4,
/// with windows of 128³ voxels.
/// </remarks>
public static class MmFormerObjective
{
    /// <summary>
    /// Makes the objective with the terms "cross-entropy" (<see cref="BalancedCrossEntropyLoss"/>, or <see cref="ReferenceCrossEntropyLoss"/>
    /// where it is not to be balanced), "Dice" (<see cref="ReferenceDiceLoss"/>), "modalities" (<see cref="ModalitySegmentationLoss"/>)
    /// and "levels" (<see cref="DeepSupervisionLoss"/>).
    /// </summary>
    /// <param name="options">Weights and details; null for those of the publication.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public static WeightedObjective Create(MmFormerObjectiveOptions? options = null)
    {
        options ??= new MmFormerObjectiveOptions();
        options.Faults().ThrowIfAny();
        return new WeightedObjective(
            new LossTerm("cross-entropy", 1, options.Segmentation.Balanced ? new BalancedCrossEntropyLoss() : new ReferenceCrossEntropyLoss()),
            new LossTerm("Dice", 1, new ReferenceDiceLoss(options.Segmentation.Dice)),
            new LossTerm("modalities", options.ModalityWeight, new ModalitySegmentationLoss(options.Segmentation)),
            new LossTerm("levels", options.LevelWeight, new DeepSupervisionLoss(new DeepSupervisionOptions { Segmentation = options.Segmentation })));
    }
}
