using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.AdversarialCoTraining;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.StyleMatching;

/// <summary>
/// The objective of SMU-Net (Azad et al. 2022) for a <see cref="Training.CoTrainingTrainer"/>: what both networks learn from the reference, their consistency,
/// and what brings the style and the content of their encoders together.
/// </summary>
public static class StyleMatchingObjective
{
    /// <summary>
    /// Makes the objective with the terms "Dice" of the student and "Dice of the teacher" (<see cref="TeacherAsStudentLoss"/>), "consistency"
    /// (<see cref="CoTrainingConsistencyLoss"/>, <see cref="RampedUpLoss"/>), "content" (<see cref="ContentMatchingLoss"/>), "style"
    /// (<see cref="StyleMatchingLoss"/>) and "style adversary" (<see cref="StyleAdversarialLoss"/>).
    /// </summary>
    /// <param name="levelWidths">Number of channels of each level of both encoders, shallowest first, bottleneck last.</param>
    /// <param name="spatialDimensions">3 for volumes, 2 for slices.</param>
    /// <param name="options">Weights and details; null for the defaults.</param>
    /// <param name="reference">What compares each network with the reference; null for the Dice of squared denominators as published,
    /// <see cref="KDNet.KDNetObjective.Reference"/> for KD-Net's.</param>
    /// <param name="device">The device of both networks; null for the CPU.</param>
    /// <returns>The objective, which owns a critic: dispose it when the fit is over.</returns>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public static WeightedObjective Create(
        IReadOnlyList<int> levelWidths,
        int spatialDimensions = 3,
        StyleMatchingObjectiveOptions? options = null,
        UnweightedTerm? reference = null,
        Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(levelWidths);
        options ??= new StyleMatchingObjectiveOptions();
        options.Faults().ThrowIfAny();
        int styleWidth = levelWidths.TakeLast(options.Adversarial.DeepestLevels).Sum();
        return new WeightedObjective(
            [
                .. CoTrainingReference.Terms(reference, options.StudentShare),
                new LossTerm(
                    "consistency",
                    options.ConsistencyWeight,
                    new RampedUpLoss(new CoTrainingConsistencyLoss(options.Consistency), options.ConsistencyRampUpEpochs)),
                new LossTerm("content", options.ContentWeight, new ContentMatchingLoss(options.Content)),
                new LossTerm("style", options.StyleWeight, new StyleMatchingLoss(options.Style)),
                new LossTerm(
                    "style adversary", options.AdversarialWeight, new StyleAdversarialLoss(styleWidth, spatialDimensions, options.Adversarial, device)),
            ]);
    }
}
