using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.AdversarialCoTraining;

/// <summary>
/// The weights and details of <see cref="AdversarialCoTrainingObjective"/>. The weights are those of the scripts that ACN's authors released.
/// </summary>
public sealed record AdversarialCoTrainingObjectiveOptions
{
    /// <summary>The share of the student in what both learn from the reference, from 0 to 1; the teacher's is the rest. Default 0.8.</summary>
    public double StudentShare { get; init; } = 0.8;

    /// <summary>The weight of the consistency of both, at least 0, once it is ramped up. Default 10.</summary>
    public double ConsistencyWeight { get; init; } = 10;

    /// <summary>The number of epochs over which the consistency's weight rises, at least 0. Default 20.</summary>
    public int ConsistencyRampUpEpochs { get; init; } = 20;

    /// <summary>The weight of the entropy adversarial term, at least 0. Default 0.001.</summary>
    public double EntropyWeight { get; init; } = 0.001;

    /// <summary>The weight of the knowledge adversarial term, at least 0. Default 0.0002.</summary>
    public double KnowledgeWeight { get; init; } = 0.0002;

    /// <summary>The weight of the modality-mutual information term, at least 0. Default 0.5.</summary>
    public double MutualInformationWeight { get; init; } = 0.5;

    /// <summary>Details of the consistency.</summary>
    public CoTrainingConsistencyOptions Consistency { get; init; } = new();

    /// <summary>Details of the entropy adversarial term.</summary>
    public EntropyAdversarialOptions Entropy { get; init; } = new();

    /// <summary>Details of the knowledge adversarial term.</summary>
    public KnowledgeAdversarialOptions Knowledge { get; init; } = new();

    /// <summary>Details of the modality-mutual information term.</summary>
    public ModalityMutualInformationOptions MutualInformation { get; init; } = new();

    internal OptionFaults Faults() => new OptionFaults(nameof(AdversarialCoTrainingObjectiveOptions))
        .Require(StudentShare is >= 0 and <= 1, $"StudentShare must be from 0 to 1, but is {StudentShare}.")
        .Require(ConsistencyWeight >= 0 && double.IsFinite(ConsistencyWeight), $"ConsistencyWeight must be at least 0, but is {ConsistencyWeight}.")
        .Require(ConsistencyRampUpEpochs >= 0, $"ConsistencyRampUpEpochs must be at least 0, but is {ConsistencyRampUpEpochs}.")
        .Require(EntropyWeight >= 0 && double.IsFinite(EntropyWeight), $"EntropyWeight must be at least 0, but is {EntropyWeight}.")
        .Require(KnowledgeWeight >= 0 && double.IsFinite(KnowledgeWeight), $"KnowledgeWeight must be at least 0, but is {KnowledgeWeight}.")
        .Require(
            MutualInformationWeight >= 0 && double.IsFinite(MutualInformationWeight),
            $"MutualInformationWeight must be at least 0, but is {MutualInformationWeight}.")
        .Include(nameof(Consistency), Consistency?.Faults())
        .Include(nameof(Entropy), Entropy?.Faults())
        .Include(nameof(Knowledge), Knowledge?.Faults())
        .Include(nameof(MutualInformation), MutualInformation?.Faults());
}
