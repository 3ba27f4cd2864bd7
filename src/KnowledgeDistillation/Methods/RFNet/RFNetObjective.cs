using KnowledgeDistillation.Losses;

namespace KnowledgeDistillation.Methods.RFNet;

/// <summary>
/// The objective that RFNet (<see cref="RFNet3D"/>) is trained with (Ding et al. 2021): balanced cross-entropy + Dice of the fused segmentation, of those
/// from single modalities and of the probability maps.
/// </summary>
/// <remarks>
/// The published code trains 300 epochs of 150 steps of Adam (AMSGrad) whose learning rate falls from 2e-4 as (1 − epoch/300)^0.9, weight decay 1e-4,
/// with batches of two windows of 80³ voxels, and leaves the fused segmentation out of the sum in the first 20 epochs;
/// here the sum is the same in all epochs.
/// </remarks>
public static class RFNetObjective
{
    /// <summary>
    /// Makes the objective with the terms "cross-entropy" (<see cref="BalancedCrossEntropyLoss"/>, or <see cref="ReferenceCrossEntropyLoss"/>
    /// where it is not to be balanced), "Dice" (<see cref="ReferenceDiceLoss"/>), "modalities" (<see cref="ModalitySegmentationLoss"/>)
    /// and "probability maps" (<see cref="DeepSupervisionLoss"/>).
    /// </summary>
    /// <param name="options">Weights and details; null for those of the publication.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public static WeightedObjective Create(RFNetObjectiveOptions? options = null)
    {
        options ??= new RFNetObjectiveOptions();
        options.Faults().ThrowIfAny();
        return new WeightedObjective(
            new LossTerm("cross-entropy", 1, options.Segmentation.Balanced ? new BalancedCrossEntropyLoss() : new ReferenceCrossEntropyLoss()),
            new LossTerm("Dice", 1, new ReferenceDiceLoss(options.Segmentation.Dice)),
            new LossTerm("modalities", options.ModalityWeight, new ModalitySegmentationLoss(options.Segmentation)),
            new LossTerm("probability maps", options.MapWeight, new DeepSupervisionLoss(new DeepSupervisionOptions { Segmentation = options.Segmentation })));
    }
}
