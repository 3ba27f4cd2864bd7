using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.MmFormer;

/// <summary>
/// How to build an <see cref="MmFormer3D"/>. Defaults are those of the code that was published with Zhang et al.
/// (2022): five levels of 8-16-32-64-128 channels, tokens of 512 numbers.
/// </summary>
public sealed record MmFormer3DOptions : HeteroModalNetworkOptions
{
    /// <summary>Number of heads of each attention. A token has 4 · 2 times an even number of numbers, so they divide it.</summary>
    internal const int Heads = 8;

    /// <summary>Length of the grid for which positions are learned: that of images of 128³ with five levels.</summary>
    internal const int PositionGrid = 8;

    /// <summary>The defaults.</summary>
    public MmFormer3DOptions()
        : base(baseWidth: 8) => Levels = 5;

    /// <summary>
    /// The share of attention weights, projections and hidden numbers of the transformers that is dropped in training, from 0 to below 1. Default 0.1.
    /// </summary>
    public double Dropout { get; init; } = 0.1;

    /// <inheritdoc/>
    public override IEncoderDecoder Build() => new MmFormer3D(this);

    /// <summary>Length of a token: four times the width of the deepest level, 512 with the defaults.</summary>
    internal int TokenWidth => 4 * Widths()[^1];

    private protected override OptionFaults Faults() => base.Faults()
        .Require(Dropout is >= 0 and < 1, $"Dropout must be from 0 to below 1, but is {Dropout}.");
}
