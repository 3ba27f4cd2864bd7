using KnowledgeDistillation.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.AdversarialCoTraining;

/// <summary>
/// The objective of ACN (Wang et al. 2021) for a <see cref="Training.CoTrainingTrainer"/>: what both networks learn from the reference, their consistency,
/// and what brings the student's predictions and features to the teacher's.
/// </summary>
public static class AdversarialCoTrainingObjective
{
    /// <summary>
    /// Makes the objective with the terms "Dice" of the student and "Dice of the teacher" (<see cref="TeacherAsStudentLoss"/>), "consistency"
    /// (<see cref="CoTrainingConsistencyLoss"/>, <see cref="RampedUpLoss"/>), "entropy" (<see cref="EntropyAdversarialLoss"/>), "knowledge"
    /// (<see cref="KnowledgeAdversarialLoss"/>) and "mutual information" (<see cref="ModalityMutualInformationLoss"/>).
    /// </summary>
    /// <param name="labels">How the channels of both networks relate to classes.</param>
    /// <param name="bottleneckWidth">Number of channels of both bottlenecks, or of the level that the options name.</param>
    /// <param name="spatialDimensions">3 for volumes, 2 for slices.</param>
    /// <param name="options">Weights and details; null for the defaults.</param>
    /// <param name="reference">What compares each network with the reference; null for the Dice of squared denominators as published,
    /// <see cref="KDNet.KDNetObjective.Reference"/> for KD-Net's.</param>
    /// <param name="device">The device of both networks; null for the CPU.</param>
    /// <returns>The objective, which owns two critics and a predictor: dispose it when the fit is over.</returns>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public static WeightedObjective Create(
        LabelScheme labels,
        int bottleneckWidth,
        int spatialDimensions = 3,
        AdversarialCoTrainingObjectiveOptions? options = null,
        UnweightedTerm? reference = null,
        Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(labels);
        options ??= new AdversarialCoTrainingObjectiveOptions();
        options.Faults().ThrowIfAny();
        // It checks the numbers that the losses have in common.
        var information = new ModalityMutualInformationLoss(bottleneckWidth, bottleneckWidth, spatialDimensions, options.MutualInformation);
        if (device is not null)
            information.Module.to(device);
        return new WeightedObjective(
            [
                .. CoTrainingReference.Terms(reference, options.StudentShare),
                new LossTerm(
                    "consistency",
                    options.ConsistencyWeight,
                    new RampedUpLoss(new CoTrainingConsistencyLoss(options.Consistency), options.ConsistencyRampUpEpochs)),
                new LossTerm("entropy", options.EntropyWeight, new EntropyAdversarialLoss(labels, spatialDimensions, options.Entropy, device)),
                new LossTerm("knowledge", options.KnowledgeWeight, new KnowledgeAdversarialLoss(bottleneckWidth, spatialDimensions, options.Knowledge, device)),
                new LossTerm("mutual information", options.MutualInformationWeight, information),
            ]);
    }
}
