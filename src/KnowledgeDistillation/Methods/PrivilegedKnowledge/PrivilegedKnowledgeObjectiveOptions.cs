using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.PrivilegedKnowledge;

/// <summary>The weights of <see cref="PrivilegedKnowledgeObjective"/>.</summary>
public sealed record PrivilegedKnowledgeObjectiveOptions
{
    /// <summary>The weight of the teacher's softened predictions, at least 0. Default 0.5, as in the released code.</summary>
    public double TeacherWeight { get; init; } = 0.5;

    /// <summary>The weight of the contrastive pairs, at least 0. Default 0.5, as in the released code.</summary>
    public double ContrastiveWeight { get; init; } = 0.5;

    /// <summary>Details of the teacher's predictions.</summary>
    public PrivilegedTargetOptions Targets { get; init; } = new();

    internal OptionFaults Faults() => new OptionFaults(nameof(PrivilegedKnowledgeObjectiveOptions))
        .Require(TeacherWeight >= 0 && double.IsFinite(TeacherWeight), $"TeacherWeight must be finite and at least 0, but is {TeacherWeight}.")
        .Require(
            ContrastiveWeight >= 0 && double.IsFinite(ContrastiveWeight), $"ContrastiveWeight must be finite and at least 0, but is {ContrastiveWeight}.")
        .Include(nameof(Targets), Targets?.Faults());
}
