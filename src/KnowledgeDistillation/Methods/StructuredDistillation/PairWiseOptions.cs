using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.StructuredDistillation;

/// <summary>The choices that <see cref="PairWiseLoss"/> leaves open.</summary>
public sealed record PairWiseOptions
{
    /// <summary>Which features are compared: 0 for the bottleneck, 1 for the level above it, and so on. Default 0.</summary>
    public int LevelsAboveBottleneck { get; init; }

    /// <summary>The length of the patches that are averaged to one node each, in voxels of the level, at least 1. Default 1: each voxel is a node.</summary>
    public int PatchLength { get; init; } = 1;

    /// <summary>
    /// The greatest number of nodes, at least 1; patches become longer where there would be more, because the affinity has the square
    /// of this number. Default 512, which is 8³.
    /// </summary>
    public int MaximumNodes { get; init; } = 512;

    /// <summary>How samples are reduced. Default <see cref="BatchReduction.Mean"/>.</summary>
    public BatchReduction Reduction { get; init; } = BatchReduction.Mean;

    internal OptionFaults Faults() => new OptionFaults(nameof(PairWiseOptions))
        .Require(LevelsAboveBottleneck >= 0, $"LevelsAboveBottleneck must be at least 0, but is {LevelsAboveBottleneck}.")
        .Require(PatchLength >= 1, $"PatchLength must be at least 1, but is {PatchLength}.")
        .Require(MaximumNodes >= 1, $"MaximumNodes must be at least 1, but is {MaximumNodes}.")
        .Require(Enum.IsDefined(Reduction), $"Reduction has no value {Reduction}.");
}
