using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.PrivilegedKnowledge;

/// <summary>The choices that <see cref="PrivilegedTargetLoss"/> leaves open.</summary>
public sealed record PrivilegedTargetOptions
{
    /// <summary>The temperature T of teacher and student, above 0. Default 10, as published.</summary>
    public double Temperature { get; init; } = 10;

    internal OptionFaults Faults() => new OptionFaults(nameof(PrivilegedTargetOptions))
        .Require(Temperature > 0 && double.IsFinite(Temperature), $"Temperature must be above 0, but is {Temperature}.");
}
