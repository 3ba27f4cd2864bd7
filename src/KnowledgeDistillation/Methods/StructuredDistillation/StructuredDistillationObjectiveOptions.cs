using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.StructuredDistillation;

/// <summary>The weights of <see cref="StructuredDistillationObjective"/>. Defaults are those of the scripts that the paper's authors released.</summary>
public sealed record StructuredDistillationObjectiveOptions
{
    /// <summary>The weight of the pixel-wise term, at least 0. Default 10.</summary>
    public double PixelWiseWeight { get; init; } = 10;

    /// <summary>The weight of the pair-wise term, at least 0. Default 0.5; the paper itself gives both the same weight, 10.</summary>
    public double PairWiseWeight { get; init; } = 0.5;

    /// <summary>The weight of the holistic term, at least 0. Default 0.1.</summary>
    public double HolisticWeight { get; init; } = 0.1;

    /// <summary>Details of the pair-wise term.</summary>
    public PairWiseOptions PairWise { get; init; } = new();

    /// <summary>
    /// How samples are reduced in the reference's and the pixel-wise term; keep it equal to that of the pair-wise term. The holistic term is always a mean.
    /// A <see cref="UnweightedTerm"/> that is given has its own.
    /// </summary>
    public BatchReduction Reduction { get; init; } = BatchReduction.Mean;

    internal OptionFaults Faults() => new OptionFaults(nameof(StructuredDistillationObjectiveOptions))
        .Require(PixelWiseWeight >= 0 && double.IsFinite(PixelWiseWeight), $"PixelWiseWeight must be at least 0, but is {PixelWiseWeight}.")
        .Require(PairWiseWeight >= 0 && double.IsFinite(PairWiseWeight), $"PairWiseWeight must be at least 0, but is {PairWiseWeight}.")
        .Require(HolisticWeight >= 0 && double.IsFinite(HolisticWeight), $"HolisticWeight must be at least 0, but is {HolisticWeight}.")
        .Require(Enum.IsDefined(Reduction), $"Reduction has no value {Reduction}.")
        .Include(nameof(PairWise), PairWise?.Faults());
}
