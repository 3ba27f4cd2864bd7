using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.Hinton;

/// <summary>The choices that <see cref="HintonLoss"/> leaves open.</summary>
public sealed record HintonOptions
{
    /// <summary>
    /// The temperature T of teacher and student, above 0. Default 4: the paper found 2.5 to 4 best for small students,
    /// and that any T above 8 does for large ones (section 3).
    /// </summary>
    public double Temperature { get; init; } = 4;

    /// <summary>Whether the loss is multiplied by T², so that its share of the gradient does not depend on T (section 2). Default yes.</summary>
    public bool ScaleBySquaredTemperature { get; init; } = true;

    /// <summary>How samples are reduced. Default <see cref="BatchReduction.Mean"/>.</summary>
    public BatchReduction Reduction { get; init; } = BatchReduction.Mean;

    internal OptionFaults Faults() => new OptionFaults(nameof(HintonOptions))
        .Require(Temperature > 0 && double.IsFinite(Temperature), $"Temperature must be above 0, but is {Temperature}.")
        .Require(Enum.IsDefined(Reduction), $"Reduction has no value {Reduction}.");
}
