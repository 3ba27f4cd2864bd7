using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Storage;

namespace KnowledgeDistillation.Networks;

/// <summary>How to build a <see cref="BasicUNet"/>. Defaults are those of MONAI.</summary>
public sealed record BasicUNetOptions : NetworkRecipe
{
    private const int Numbers = 6, MostFeatures = 4096;

    /// <summary>The modalities that the network sees, by name, in the order of its channels; at least one, each once.</summary>
    public required IReadOnlyList<string> Modalities { get; init; }

    /// <summary>Number of output channels, the channels of the label scheme; 1 to 1024.</summary>
    public required int OutputChannels { get; init; }

    /// <summary>
    /// MONAI's <c>features</c>: the channels of the five resolutions, finest first, then those of the last block on the way up; six numbers from 1 to 4096, of
    /// which the third to the fifth are even. Default 32, 32, 64, 128, 256, 32.
    /// </summary>
    public IReadOnlyList<int> Features { get; init; } = [32, 32, 64, 128, 256, 32];

    /// <summary>MONAI's <c>spatial_dims</c>: 3 for volumes, the default, or 2 for slices.</summary>
    public int SpatialDimensions { get; init; } = 3;

    /// <summary>Whether convolutions of size 3 have a bias; MONAI's <c>bias</c>. Default yes.</summary>
    public bool ConvolutionBias { get; init; } = true;

    /// <summary>What a <see cref="ForeignWeights.Load"/> needs to know to read a BasicUNet of MONAI.</summary>
    public static WeightNames MonaiNames() => new()
    {
        Patterns =
        [
            .. Block(@"^conv_0\.", "encoder.0"),
            .. Enumerable.Range(1, BasicUNet.Poolings).SelectMany(stage => Block($@"^down_{stage}\.convs\.", $"encoder.{stage}")),
            .. Enumerable.Range(0, BasicUNet.Poolings).SelectMany(step => Block($@"^upcat_{BasicUNet.Poolings - step}\.convs\.", $"decoder.{step}")),
            .. Enumerable.Range(0, BasicUNet.Poolings).Select(step => ($@"^upcat_{BasicUNet.Poolings - step}\.upsample\.deconv\.", $"up.{step}.")),
            (@"^final_conv\.", "head."),
        ],
    };

    /// <inheritdoc/>
    public override IEncoderDecoder Build() => new BasicUNet(this);

    internal void Validate() => new OptionFaults(nameof(BasicUNetOptions))
        .RequireNetwork(Modalities, OutputChannels)
        .Require(
            Features?.Count == Numbers && Features.All(count => count is >= 1 and <= MostFeatures),
            $"Features must be {Numbers} numbers from 1 to {MostFeatures}.")
        .Require(
            Features?.Count != Numbers || Features.Skip(2).Take(3).All(count => count % 2 == 0),
            "The third to the fifth of the Features must be even, because they are halved on the way up.")
        .Require(SpatialDimensions is 2 or 3, $"SpatialDimensions must be 2 or 3, but is {SpatialDimensions}.")
        .ThrowIfAny();

    private static IEnumerable<(string Pattern, string Replacement)> Block(string theirs, string ours) =>
    [
        ($@"{theirs}conv_(\d)\.conv\.", $"{ours}.$1.convolution."), ($@"{theirs}conv_(\d)\.adn\.N\.", $"{ours}.$1.norm."),
    ];
}
