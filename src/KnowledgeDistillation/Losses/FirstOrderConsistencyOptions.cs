namespace KnowledgeDistillation.Losses;

/// <summary>The choices that <see cref="FirstOrderConsistencyLoss"/> leaves open.</summary>
public sealed record FirstOrderConsistencyOptions
{
    /// <summary>Which voxels are compared. Default <see cref="Neighbourhood.Corners"/>: 26 in volumes, and 8 in slices as in the paper.</summary>
    public Neighbourhood Neighbourhood { get; init; } = Neighbourhood.Corners;

    /// <summary>How samples are reduced. Default <see cref="BatchReduction.Mean"/>.</summary>
    public BatchReduction Reduction { get; init; } = BatchReduction.Mean;

    internal OptionFaults Faults() => new OptionFaults(nameof(FirstOrderConsistencyOptions))
        .Require(Enum.IsDefined(Neighbourhood), $"Neighbourhood has no value {Neighbourhood}.")
        .Require(Enum.IsDefined(Reduction), $"Reduction has no value {Reduction}.");
}
