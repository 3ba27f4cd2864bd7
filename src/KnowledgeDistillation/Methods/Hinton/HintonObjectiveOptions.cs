using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.Hinton;

/// <summary>The weights of <see cref="HintonObjective"/>.</summary>
public sealed record HintonObjectiveOptions
{
    /// <summary>The weight a of the teacher, from 0 (reference only) to 1 (teacher only); the reference has 1 − a. Default 0.5.</summary>
    public double TeacherWeight { get; init; } = 0.5;

    /// <summary>Temperature and details of the teacher's term.</summary>
    public HintonOptions SoftTargets { get; init; } = new();

    /// <summary>
    /// How samples are reduced in the reference's term; keep it equal to that of the other. Ignored where a <see cref="UnweightedTerm"/> is given.
    /// </summary>
    public BatchReduction ReferenceReduction { get; init; } = BatchReduction.Mean;

    internal OptionFaults Faults() => new OptionFaults(nameof(HintonObjectiveOptions))
        .Require(TeacherWeight is >= 0 and <= 1, $"TeacherWeight must be from 0 to 1, but is {TeacherWeight}.")
        .Require(Enum.IsDefined(ReferenceReduction), $"ReferenceReduction has no value {ReferenceReduction}.")
        .Include(nameof(SoftTargets), SoftTargets?.Faults());
}
