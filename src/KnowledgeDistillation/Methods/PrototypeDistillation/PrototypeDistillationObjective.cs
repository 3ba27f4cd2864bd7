using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.Hinton;

namespace KnowledgeDistillation.Methods.PrototypeDistillation;

/// <summary>The objective of ProtoKD (Wang et al. 2023): reference + 10 KL + 0.1 prototypes.</summary>
public static class PrototypeDistillationObjective
{
    /// <summary>
    /// What the publication compares the student with the reference by, as one term: cross-entropy and Dice of all classes, with a squared denominator and over
    /// the whole batch. PMKL does the same. Both weight the cross-entropy of a class by the share of the voxels of all others, which is left out here.
    /// </summary>
    public static UnweightedTerm Reference() => new("CE + Dice", new WeightedObjective(
        ReferenceCrossEntropyLoss.Term().Weighted(1),
        new LossTerm("Dice", 1, new ReferenceDiceLoss(new SoftDiceOptions { Form = DiceForm.Squared, IncludeBackground = true, WholeBatch = true }))));

    /// <summary>
    /// Makes the objective with the terms "CE + Dice" (<see cref="Reference"/>), "KD" (<see cref="HintonLoss"/>)
    /// and "prototypes" (<see cref="PrototypeLoss"/>).
    /// </summary>
    /// <param name="labels">How channels relate to classes: the published weight is for a divergence averaged over the classes, and
    /// <see cref="HintonLoss"/> adds them up, so its term has the weight divided by the number of channels.</param>
    /// <param name="options">Weights and details; null for those of the publication.</param>
    /// <param name="reference">What compares the student with the reference, with the weight 1; null for <see cref="Reference"/>,
    /// <see cref="KDNet.KDNetObjective.Reference"/> for KD-Net's.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public static WeightedObjective Create(
        LabelScheme labels, PrototypeDistillationObjectiveOptions? options = null, UnweightedTerm? reference = null)
    {
        ArgumentNullException.ThrowIfNull(labels);
        options ??= new PrototypeDistillationObjectiveOptions();
        options.Faults().ThrowIfAny();
        return new WeightedObjective(
            (reference ?? Reference()).Weighted(1),
            new LossTerm("KD", options.TeacherWeight / labels.Channels, new HintonLoss(options.SoftTargets)),
            new LossTerm("prototypes", options.PrototypeWeight, new PrototypeLoss(options.Prototypes)));
    }
}
