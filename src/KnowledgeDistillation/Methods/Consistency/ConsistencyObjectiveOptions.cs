using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.Consistency;

/// <summary>The weights of <see cref="ConsistencyObjective"/>.</summary>
public sealed record ConsistencyObjectiveOptions
{
    /// <summary>The weight of the zero-order term, at least 0. Default 1.</summary>
    public double ZeroOrderWeight { get; init; } = 1;

    /// <summary>The weight of the first-order term, at least 0. Default 1.</summary>
    public double FirstOrderWeight { get; init; } = 1;

    /// <summary>Details of the first-order term.</summary>
    public FirstOrderConsistencyOptions FirstOrder { get; init; } = new();

    /// <summary>
    /// How samples are reduced in the other two terms; keep it equal to that of the first-order term.
    /// A <see cref="UnweightedTerm"/> that is given has its own.
    /// </summary>
    public BatchReduction Reduction { get; init; } = BatchReduction.Mean;

    internal OptionFaults Faults() => new OptionFaults(nameof(ConsistencyObjectiveOptions))
        .Require(ZeroOrderWeight >= 0 && double.IsFinite(ZeroOrderWeight), $"ZeroOrderWeight must be at least 0, but is {ZeroOrderWeight}.")
        .Require(FirstOrderWeight >= 0 && double.IsFinite(FirstOrderWeight), $"FirstOrderWeight must be at least 0, but is {FirstOrderWeight}.")
        .Require(Enum.IsDefined(Reduction), $"Reduction has no value {Reduction}.")
        .Include(nameof(FirstOrder), FirstOrder?.Faults());
}
