using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Runtime;
using MathNet.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks;

/// <summary>
/// The U-Net of nnU-Net v2 (its PlainConvUNet; Isensee et al. 2021) and of MONAI's DynUNet without residual blocks, for volumes [N, C, D, H, W] or slices
/// [N, C, H, W]: at each resolution some convolutions, each followed by instance norm and leaky ReLU 0.01, the first with a stride; on the way up a transposed
/// convolution, the skip connection, some convolutions; a convolution of size 1 gives raw logits. Kernels and strides may differ from axis to axis.
/// A teacher that was trained there gets its weights by <see cref="Storage.ForeignWeights"/>. Heads for deep supervision are left out.
/// </summary>
/// <param name="options">How to build it.</param>
/// <exception cref="ArgumentException">The options are not valid; the message lists every fault.</exception>
public sealed class PlainConvUNet(PlainConvUNetOptions options) : StagedUNet(
    TorchRuntime.Checked(nameof(PlainConvUNet)),
    Validated(options),
    options.Modalities,
    options.Dimensions,
    options.Features.Select((_, stage) => Stack(
        options, options.EncoderCount(stage), stage == 0 ? options.Modalities.Count : options.Features[stage - 1], stage, options.Stride(stage))),
    Enumerable.Range(0, options.Features.Count - 1).Select(step => Step(options, step)),
    options.Features[0],
    options.OutputChannels)
{
    private const double NegativeSlope = 0.01;

    /// <summary>
    /// The least number that the products of the strides along all axes divide. The network itself takes any size whose
    /// lengths are multiples of their own axis's product.
    /// </summary>
    public override int SizeMultiple => (int)Euclid.LeastCommonMultiple(options.SizeMultiples());

    private protected override bool PoolsBetweenStages => false;

    private protected override bool SkipComesFirst => false;

    private protected override void CheckSize(long[] size)
    {
        long[] multiples = options.SizeMultiples();
        long[] next = [.. size.Zip(multiples, (length, multiple) => Math.Max(1, (length + multiple - 1) / multiple) * multiple)];
        // A norm cannot normalize a single voxel.
        if (next.SequenceEqual(multiples))
            next = [.. next.Select(length => 2 * length)];
        if (!size.SequenceEqual(next))
        {
            throw new ArgumentException($"The spatial size {string.Join("×", size)} does not fit the network: the lengths must be multiples of "
                + $"{string.Join("×", multiples)}, and one of them greater. The next size that fits is {string.Join("×", next)}: pad or crop the images.");
        }
    }

    private static PlainConvUNetOptions Validated(PlainConvUNetOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return options;
    }

    private static (Module<Tensor, Tensor> Raise, Module<Tensor, Tensor> Stack) Step(PlainConvUNetOptions options, int step)
    {
        int stage = options.Features.Count - 2 - step;
        int width = options.Features[stage];
        return (
            new Layers.TransposedConvolution(options.Features[stage + 1], width, options.Stride(stage + 1), options.ConvolutionBias),
            Stack(options, options.DecoderCount(step), 2 * width, stage, options.WithoutStride()));
    }

    // Several units, of which the first has the stride.
    private static Module<Tensor, Tensor> Stack(PlainConvUNetOptions options, int count, long inputs, int stage, long[] stride)
    {
        int width = options.Features[stage];
        return Sequential(Enumerable.Range(0, count).Select(number => (Module<Tensor, Tensor>)new ConvolutionUnit(
            number == 0 ? inputs : width,
            width,
            options.Kernel(stage),
            number == 0 ? stride : options.WithoutStride(),
            options.ConvolutionBias,
            NegativeSlope)));
    }
}
