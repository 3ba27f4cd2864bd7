using KnowledgeDistillation.Methods.AdversarialCoTraining;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.StyleMatching;

/// <summary>
/// The weights and details of <see cref="StyleMatchingObjective"/>. The weights are those of the scripts that SMU-Net's authors released, but for the style's.
/// </summary>
public sealed record StyleMatchingObjectiveOptions
{
    /// <summary>The share of the student in what both learn from the reference, from 0 to 1; the teacher's is the rest. Default 0.6.</summary>
    public double StudentShare { get; init; } = 0.6;

    /// <summary>The weight of the consistency of both, at least 0, once it is ramped up. Default 10.</summary>
    public double ConsistencyWeight { get; init; } = 10;

    /// <summary>The number of epochs over which the consistency's weight rises, at least 0. Default 20.</summary>
    public int ConsistencyRampUpEpochs { get; init; } = 20;

    /// <summary>The weight of the content term, at least 0. Default 0.2.</summary>
    public double ContentWeight { get; init; } = 0.2;

    /// <summary>
    /// The weight of the style term, at least 0. Default 0.1, which is ours: the scripts divide by sizes so often that hardly anything is left of the term.
    /// </summary>
    public double StyleWeight { get; init; } = 0.1;

    /// <summary>The weight of the adversarial term, at least 0. Default 0.0002.</summary>
    public double AdversarialWeight { get; init; } = 0.0002;

    /// <summary>Details of the consistency.</summary>
    public CoTrainingConsistencyOptions Consistency { get; init; } = new();

    /// <summary>Details of the content term.</summary>
    public ContentMatchingOptions Content { get; init; } = new();

    /// <summary>Details of the style term.</summary>
    public StyleMatchingOptions Style { get; init; } = new();

    /// <summary>Details of the adversarial term.</summary>
    public StyleAdversarialOptions Adversarial { get; init; } = new();

    internal OptionFaults Faults() => new OptionFaults(nameof(StyleMatchingObjectiveOptions))
        .Require(StudentShare is >= 0 and <= 1, $"StudentShare must be from 0 to 1, but is {StudentShare}.")
        .Require(ConsistencyWeight >= 0 && double.IsFinite(ConsistencyWeight), $"ConsistencyWeight must be at least 0, but is {ConsistencyWeight}.")
        .Require(ConsistencyRampUpEpochs >= 0, $"ConsistencyRampUpEpochs must be at least 0, but is {ConsistencyRampUpEpochs}.")
        .Require(ContentWeight >= 0 && double.IsFinite(ContentWeight), $"ContentWeight must be at least 0, but is {ContentWeight}.")
        .Require(StyleWeight >= 0 && double.IsFinite(StyleWeight), $"StyleWeight must be at least 0, but is {StyleWeight}.")
        .Require(AdversarialWeight >= 0 && double.IsFinite(AdversarialWeight), $"AdversarialWeight must be at least 0, but is {AdversarialWeight}.")
        .Include(nameof(Consistency), Consistency?.Faults())
        .Include(nameof(Content), Content?.Faults())
        .Include(nameof(Style), Style?.Faults())
        .Include(nameof(Adversarial), Adversarial?.Faults());
}
