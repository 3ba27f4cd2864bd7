using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks;

/// <summary>
/// The BasicUNet of MONAI (after Falk et al. 2019) with its default norm, activation and upsampling, for volumes [N, C, D, H, W] or slices [N, C, H, W]: at
/// each of five resolutions two convolutions of size 3, each followed by instance norm with learned scale and offset and leaky ReLU 0.1; max-pooling between
/// the resolutions; on the way up a transposed convolution, the skip connection before it, two convolutions; a convolution of size 1 gives raw logits.
/// A teacher that was trained there gets its weights by <see cref="Storage.ForeignWeights"/> with <see cref="BasicUNetOptions.MonaiNames"/>.
/// </summary>
/// <param name="options">How to build it.</param>
/// <exception cref="ArgumentException">The options are not valid; the message lists every fault.</exception>
public sealed class BasicUNet(BasicUNetOptions options) : StagedUNet(
    TorchRuntime.Checked(nameof(BasicUNet)),
    Validated(options),
    options.Modalities,
    options.SpatialDimensions,
    Enumerable.Range(0, Poolings + 1).Select(stage => Stack(
        options, stage == 0 ? options.Modalities.Count : options.Features[stage - 1], options.Features[stage])),
    Enumerable.Range(1, Poolings).Select(step => Step(options, Poolings - step)),
    options.Features[^1],
    options.OutputChannels)
{
    internal const int Poolings = 4;

    private const int ConvolutionsOfStack = 2;
    private const double NegativeSlope = 0.1;

    /// <summary>16: every spatial size must be a multiple of it. (MONAI's repeats the border of other sizes.)</summary>
    public override int SizeMultiple => 1 << Poolings;

    private protected override bool PoolsBetweenStages => true;

    private protected override bool SkipComesFirst => true;

    private protected override void CheckSize(long[] size) => SpatialSize.Check(size, SizeMultiple);

    private static BasicUNetOptions Validated(BasicUNetOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return options;
    }

    // The finest step keeps the width of what it enlarges, the others halve it.
    private static (Module<Tensor, Tensor> Raise, Module<Tensor, Tensor> Stack) Step(BasicUNetOptions options, int stage)
    {
        IReadOnlyList<int> widths = options.Features;
        int deeper = widths[stage + 1], raised = stage == 0 ? deeper : deeper / 2;
        return (
            new Layers.TransposedConvolution(options.SpatialDimensions, deeper, raised),
            Stack(options, widths[stage] + raised, stage == 0 ? widths[^1] : widths[stage]));
    }

    private static Module<Tensor, Tensor> Stack(BasicUNetOptions options, int inputs, int outputs)
    {
        long[] kernel = [.. Enumerable.Repeat(3L, options.SpatialDimensions)], stride = [.. Enumerable.Repeat(1L, options.SpatialDimensions)];
        return Sequential(Enumerable.Range(0, ConvolutionsOfStack).Select(number => (Module<Tensor, Tensor>)new ConvolutionUnit(
            number == 0 ? inputs : outputs, outputs, kernel, stride, options.ConvolutionBias, NegativeSlope)));
    }
}
