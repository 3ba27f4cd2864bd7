using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.Hved;

/// <summary>The choice that <see cref="ModalitySubsetDivergenceLoss"/> leaves open.</summary>
public sealed record ModalitySubsetDivergenceOptions
{
    /// <summary>Which fusion the subsets should agree with. Default <see cref="SubsetReference.AllModalities"/>.</summary>
    public SubsetReference Reference { get; init; } = SubsetReference.AllModalities;

    internal OptionFaults Faults() => new OptionFaults(nameof(ModalitySubsetDivergenceOptions))
        .Require(Enum.IsDefined(Reference), $"Reference has no value {Reference}.");
}
