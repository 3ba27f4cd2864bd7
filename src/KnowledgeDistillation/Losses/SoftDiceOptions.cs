using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Losses;

/// <summary>The choices that a soft Dice loss leaves open.</summary>
public sealed record SoftDiceOptions
{
    /// <summary>The formula. Default <see cref="DiceForm.Linear"/>, the paper's.</summary>
    public DiceForm Form { get; init; } = DiceForm.Linear;

    /// <summary>Added to numerator and denominator, above 0, so that an empty region that is predicted empty costs nothing. Default 1e-5.</summary>
    public double Smooth { get; init; } = 1e-5;

    /// <summary>Whether background counts as a class. Default no.</summary>
    public bool IncludeBackground { get; init; }

    /// <summary>Whether the sums run over the whole batch as if it were one volume. Default no: one score per sample.</summary>
    public bool WholeBatch { get; init; }

    internal OptionFaults Faults() => new OptionFaults(nameof(SoftDiceOptions))
        .Require(Enum.IsDefined(Form), $"Form has no value {Form}.")
        .Require(Smooth > 0 && double.IsFinite(Smooth), $"Smooth must be above 0, but is {Smooth}.");
}
