using KnowledgeDistillation.Losses;

namespace KnowledgeDistillation.Methods.Hved;

/// <summary>
/// The objective that U-HVED (<see cref="HvedUNet3D"/>) is trained with (Dorent et al. 2019): cross-entropy + Dice + 0.1 · divergence + 0.1 · reconstruction.
/// </summary>
/// <remarks>
/// The published training adds an L2 penalty of 1e-5 on the weights, here the weight decay of the optimizer, and runs 60,000 steps of Adam whose learning rate
/// of 1e-3 is divided by 4 every 10,000 steps, with batches of one window of 112³ voxels, random flips and a scaling by ±10 %.
/// </remarks>
public static class HvedObjective
{
    /// <summary>
    /// Makes the objective with the terms "cross-entropy" (<see cref="ReferenceCrossEntropyLoss"/>), "Dice" (<see cref="ReferenceDiceLoss"/>), "divergence"
    /// (<see cref="ModalitySubsetDivergenceLoss"/>) and "reconstruction" (<see cref="ReconstructionLoss"/>).
    /// </summary>
    /// <param name="options">Weights and details; null for those of the publication.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public static WeightedObjective Create(HvedObjectiveOptions? options = null)
    {
        options ??= new HvedObjectiveOptions();
        options.Faults().ThrowIfAny();
        return new WeightedObjective(
            new LossTerm("cross-entropy", 1, new ReferenceCrossEntropyLoss()),
            new LossTerm("Dice", 1, new ReferenceDiceLoss(options.Dice)),
            new LossTerm("divergence", options.DivergenceWeight, new ModalitySubsetDivergenceLoss(options.Divergence)),
            new LossTerm("reconstruction", options.ReconstructionWeight, new ReconstructionLoss()));
    }
}
