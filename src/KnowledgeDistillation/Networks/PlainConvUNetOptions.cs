using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Storage;
using MathNet.Numerics;

namespace KnowledgeDistillation.Networks;

/// <summary>How to build a <see cref="PlainConvUNet"/>. Every list has one entry per resolution unless it says otherwise.</summary>
public sealed record PlainConvUNetOptions : NetworkRecipe
{
    private const int MostFeatures = 4096, LongestKernel = 31, GreatestStride = 8, MostConvolutions = 16, GreatestMultiple = 4096;

    /// <summary>The modalities that the network sees, by name, in the order of its channels; at least one, each once.</summary>
    public required IReadOnlyList<string> Modalities { get; init; }

    /// <summary>Number of output channels, the channels of the label scheme; 1 to 1024.</summary>
    public required int OutputChannels { get; init; }

    /// <summary>The channels of each resolution, finest first; 2 to 8 resolutions of 1 to 4096.</summary>
    public required IReadOnlyList<int> Features { get; init; }

    /// <summary>The size of the kernels along each axis, odd, up to 31; two axes for slices, three for volumes.</summary>
    public required IReadOnlyList<IReadOnlyList<int>> KernelSizes { get; init; }

    /// <summary>
    /// By how much each resolution is coarser than the one before along each axis, 1 to 8; ones at the first. The least common multiple of the products of all
    /// strides along each axis is at most 4096.
    /// </summary>
    public required IReadOnlyList<IReadOnlyList<int>> Strides { get; init; }

    /// <summary>Convolutions of each resolution on the way down, 1 to 16. Default null: 2 each.</summary>
    public IReadOnlyList<int>? EncoderConvolutions { get; init; }

    /// <summary>Convolutions of each resolution on the way up, coarsest first, one entry less than resolutions, 1 to 16. Default null: 2 each.</summary>
    public IReadOnlyList<int>? DecoderConvolutions { get; init; }

    /// <summary>Whether convolutions and transposed convolutions have a bias, as in nnU-Net; MONAI's DynUNet has none. Default yes.</summary>
    public bool ConvolutionBias { get; init; } = true;

    /// <summary>What a <see cref="ForeignWeights.Load"/> needs to know to read a network of nnU-Net v2; heads for deep supervision are left out.</summary>
    public WeightNames NnUNetNames() => new()
    {
        Ignored = [@"\.all_modules\.", @"^decoder\.encoder\.", $@"^decoder\.seg_layers\.(?!{Features.Count - 2}\.)"],
        Patterns =
        [
            (@"^encoder\.stages\.(\d+)\.0\.convs\.(\d+)\.conv\.", "encoder.$1.$2.convolution."),
            (@"^encoder\.stages\.(\d+)\.0\.convs\.(\d+)\.norm\.", "encoder.$1.$2.norm."),
            (@"^decoder\.stages\.(\d+)\.convs\.(\d+)\.conv\.", "decoder.$1.$2.convolution."),
            (@"^decoder\.stages\.(\d+)\.convs\.(\d+)\.norm\.", "decoder.$1.$2.norm."),
            (@"^decoder\.transpconvs\.", "up."),
            (@"^decoder\.seg_layers\.\d+\.", "head."),
        ],
    };

    /// <summary>
    /// What a <see cref="ForeignWeights.Load"/> needs to know to read a DynUNet of MONAI without residual blocks; heads for deep supervision are left out. Its
    /// convolutions have no bias (<see cref="ConvolutionBias"/>).
    /// </summary>
    public WeightNames DynUNetNames()
    {
        int deepest = Features.Count - 1;
        return new WeightNames
        {
            Ignored = [@"^skip_layers\.", @"^deep_supervision_heads\."],
            Patterns =
            [
                .. Blocks(@"^input_block", "encoder.0"),
                .. Enumerable.Range(1, deepest - 1).SelectMany(stage => Blocks($@"^downsamples\.{stage - 1}", $"encoder.{stage}")),
                .. Blocks(@"^bottleneck", $"encoder.{deepest}"),
                .. Enumerable.Range(0, deepest).SelectMany(step => Blocks($@"^upsamples\.{step}\.conv_block", $"decoder.{step}")),
                (@"^upsamples\.(\d+)\.transp_conv\.conv\.", "up.$1."),
                (@"^output_block\.conv\.conv\.", "head."),
            ],
        };

        static IEnumerable<(string Pattern, string Replacement)> Blocks(string theirs, string ours) =>
        [
            ($@"{theirs}\.conv1\.conv\.", $"{ours}.0.convolution."), ($@"{theirs}\.norm1\.", $"{ours}.0.norm."),
            ($@"{theirs}\.conv2\.conv\.", $"{ours}.1.convolution."), ($@"{theirs}\.norm2\.", $"{ours}.1.norm."),
        ];
    }

    /// <inheritdoc/>
    public override IEncoderDecoder Build() => new PlainConvUNet(this);

    /// <summary>Number of spatial axes.</summary>
    internal int Dimensions => Strides[0].Count;

    internal int EncoderCount(int stage) => EncoderConvolutions?[stage] ?? 2;

    internal int DecoderCount(int step) => DecoderConvolutions?[step] ?? 2;

    internal long[] Kernel(int stage) => [.. KernelSizes[stage].Select(length => (long)length)];

    internal long[] Stride(int stage) => [.. Strides[stage].Select(length => (long)length)];

    internal long[] WithoutStride() => [.. Enumerable.Repeat(1L, Dimensions)];

    // The lengths along each axis are multiples of the product of its strides.
    internal long[] SizeMultiples() =>
        [.. Enumerable.Range(0, Dimensions).Select(axis => Strides.Aggregate(1L, (product, stride) => product * stride[axis]))];

    internal void Validate()
    {
        int stages = Features?.Count ?? 0, axes = Strides is { Count: > 0 } ? Strides[0]?.Count ?? 0 : 0;
        new OptionFaults(nameof(PlainConvUNetOptions))
            .RequireNetwork(Modalities, OutputChannels)
            .Require(stages is >= 2 and <= 8, $"Features must name 2 to 8 resolutions, but names {stages}.")
            .Require(Features?.All(count => count is >= 1 and <= MostFeatures) ?? false, $"Features must be from 1 to {MostFeatures}.")
            .Require(axes is 2 or 3, $"Strides must have two axes or three, but have {axes}.")
            .Require(Fits(Strides, 1, GreatestStride), $"Strides must name {axes} numbers from 1 to {GreatestStride} for each of {stages} resolutions.")
            .Require(Strides is not { Count: > 0 } || (Strides[0]?.All(stride => stride == 1) ?? false), "Strides must be 1 at the first resolution.")
            .Require(
                Fits(KernelSizes, 1, LongestKernel) && KernelSizes.All(kernel => kernel.All(length => length % 2 == 1)),
                $"KernelSizes must name {axes} odd numbers from 1 to {LongestKernel} for each of {stages} resolutions.")
            .Require(
                !Fits(Strides, 1, GreatestStride) || Euclid.LeastCommonMultiple(SizeMultiples()) <= GreatestMultiple,
                $"Strides must multiply to numbers whose least common multiple is at most {GreatestMultiple}.")
            .Require(Counts(EncoderConvolutions, stages), $"EncoderConvolutions must name {stages} numbers from 1 to {MostConvolutions}.")
            .Require(Counts(DecoderConvolutions, stages - 1), $"DecoderConvolutions must name {stages - 1} numbers from 1 to {MostConvolutions}.")
            .ThrowIfAny();

        bool Fits(IReadOnlyList<IReadOnlyList<int>>? lists, int least, int most) =>
            lists?.Count == stages && lists.All(list => list?.Count == axes && list.All(number => number >= least && number <= most));

        static bool Counts(IReadOnlyList<int>? counts, int expected) =>
            counts is null || (counts.Count == expected && counts.All(count => count is >= 1 and <= MostConvolutions));
    }
}
