using KnowledgeDistillation.Methods.Hinton;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.PrototypeDistillation;

/// <summary>The weights of <see cref="PrototypeDistillationObjective"/>.</summary>
public sealed record PrototypeDistillationObjectiveOptions
{
    /// <summary>
    /// The weight of the teacher's softened predictions, at least 0, for a divergence that is averaged over the classes, too, as in the released code.
    /// Default 10, as published.
    /// </summary>
    public double TeacherWeight { get; init; } = 10;

    /// <summary>The weight of the prototypes, at least 0. Default 0.1, as published.</summary>
    public double PrototypeWeight { get; init; } = 0.1;

    /// <summary>Temperature and details of the teacher's predictions. Default as published: T = 10, not scaled by T².</summary>
    public HintonOptions SoftTargets { get; init; } = new() { Temperature = 10, ScaleBySquaredTemperature = false };

    /// <summary>Details of the prototypes.</summary>
    public PrototypeOptions Prototypes { get; init; } = new();

    internal OptionFaults Faults() => new OptionFaults(nameof(PrototypeDistillationObjectiveOptions))
        .Require(TeacherWeight >= 0 && double.IsFinite(TeacherWeight), $"TeacherWeight must be finite and at least 0, but is {TeacherWeight}.")
        .Require(PrototypeWeight >= 0 && double.IsFinite(PrototypeWeight), $"PrototypeWeight must be finite and at least 0, but is {PrototypeWeight}.")
        .Include(nameof(SoftTargets), SoftTargets?.Faults())
        .Include(nameof(Prototypes), Prototypes?.Faults());
}
