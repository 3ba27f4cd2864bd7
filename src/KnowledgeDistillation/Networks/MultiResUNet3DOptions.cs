using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Networks;

/// <summary>
/// How to build a <see cref="MultiResUNet3D"/>. Defaults are those of Ibtehaz and Rahman (2020): five levels of base widths 32-64-128-256-512,
/// which give 51-105-212-426-853 channels.
/// </summary>
public sealed record MultiResUNet3DOptions : UShapedNetworkOptions
{
    /// <summary>Makes the options.</summary>
    public MultiResUNet3DOptions()
        : base(baseWidth: 32)
    {
    }

    /// <summary>α in W = α·U: from a level's base width U to the width W that its block divides among its convolutions; above 0. Default 1.67.</summary>
    public double WidthFactor { get; init; } = 1.67;

    /// <summary>
    /// The filters of the three convolutions of a level's block, ⌊0.167 W⌋, ⌊0.333 W⌋ and ⌊0.5 W⌋. Their sum is the number of channels that the level gives.
    /// </summary>
    internal (int First, int Second, int Third) Filters(int level)
    {
        double width = WidthFactor * Width(level);
        return ((int)(width * 0.167), (int)(width * 0.333), (int)(width * 0.5));
    }

    /// <summary>The number of channels that a level gives.</summary>
    internal int BlockWidth(int level)
    {
        (int first, int second, int third) = Filters(level);
        return first + second + third;
    }

    /// <inheritdoc/>
    public override IEncoderDecoder Build() => new MultiResUNet3D(this);

    private protected override OptionFaults Faults()
    {
        bool inRange = BaseWidth is >= 1 and <= 1024 && WidthFactor is > 0 and <= 16;
        return base.Faults()
            .Require(BaseWidth is >= 1 and <= 1024, $"BaseWidth must be from 1 to 1024, but is {BaseWidth}.")
            .Require(WidthFactor is > 0 and <= 16, FormattableString.Invariant($"WidthFactor must be above 0 and at most 16, but is {WidthFactor}."))
            .Require(!inRange || Filters(0).First >= 1,
                FormattableString.Invariant(
                    $"BaseWidth × WidthFactor must be at least 6, so that the narrowest convolution keeps a filter, but is {BaseWidth * WidthFactor}."));
    }
}
