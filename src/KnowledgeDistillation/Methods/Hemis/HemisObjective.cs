using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.Hved;

namespace KnowledgeDistillation.Methods.Hemis;

/// <summary>The objective that U-HeMIS (<see cref="HemisUNet3D"/>) is trained with (Dorent et al. 2019): cross-entropy + Dice.</summary>
/// <remarks>Weight decay, learning rate and windows are those of <see cref="HvedObjective"/>.</remarks>
public static class HemisObjective
{
    /// <summary>
    /// Makes the objective with the terms "cross-entropy" (<see cref="ReferenceCrossEntropyLoss"/>) and "Dice" (<see cref="ReferenceDiceLoss"/>).
    /// </summary>
    /// <param name="dice">Details of the Dice term; null for those of the publication: all classes with background, squared denominator, smooth 1e-5.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public static WeightedObjective Create(SoftDiceOptions? dice = null) => new(
        new LossTerm("cross-entropy", 1, new ReferenceCrossEntropyLoss()),
        new LossTerm("Dice", 1, new ReferenceDiceLoss(dice ?? new SoftDiceOptions { Form = DiceForm.Squared, IncludeBackground = true })));
}
