using System.Text.Json;
using KnowledgeDistillation.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>
/// Deep supervision (Lee et al. 2015; nnU-Net, Isensee et al. 2021) of any network that gives features of its decoder: a convolution of size 1 makes a
/// segmentation out of the features of each coarser level, which is compared with the reference in the resolution of that level. The convolutions learn with
/// the student and are of no use afterwards, so the network and its checkpoint stay as they are.
/// </summary>
/// <remarks>
/// The sum over levels of 2^−level times cross-entropy + Dice, so that with the weight 1 in an objective beside a loss of the full resolution all levels have
/// the proportions of nnU-Net. An average over voxels and samples, which does not grow with the volume. Owns the convolutions, which are on the CPU at first:
/// move <see cref="Module"/> to the student's device before a fit. Their initial weights are drawn from torch's default generator.
/// A network with such segmentations of its own is an <see cref="IDeeplySupervisedNetwork"/>: <see cref="DeepSupervisionLoss"/>.
/// </remarks>
public sealed class DecoderSupervisionLoss : ILearnableLoss, IDecoderFeatureLoss, IDisposable
{
    private readonly int[] _widths;
    private readonly int _channels;
    private readonly int _spatialDimensions;
    private readonly AuxiliarySegmentationOptions _options;
    private readonly AuxiliarySegmentation _distance;
    private readonly nn.Module<Tensor, Tensor>[] _heads;
    private readonly nn.Module _module;

    /// <summary>Makes the loss and its convolutions.</summary>
    /// <param name="widths">Number of channels of the decoder's features by level: the first is that of level 1, of half the resolution. At least one.</param>
    /// <param name="channels">The channels of the label scheme, at least 1.</param>
    /// <param name="spatialDimensions">3 for volumes, 2 for slices.</param>
    /// <param name="options">How the segmentations are compared; null for cross-entropy and Dice in which all classes count the same, as in nnU-Net.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public DecoderSupervisionLoss(IReadOnlyList<int> widths, int channels, int spatialDimensions = 3, AuxiliarySegmentationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(widths);
        (_widths, _channels, _spatialDimensions) = ([.. widths], channels, spatialDimensions);
        _options = options ?? new AuxiliarySegmentationOptions { Balanced = false };
        new OptionFaults(nameof(DecoderSupervisionLoss))
            .Require(widths.Count > 0, "widths must name at least one level.")
            .Require(widths.All(width => width >= 1), $"widths must be at least 1, but are {string.Join(", ", widths)}.")
            .Require(channels >= 1, $"channels must be at least 1, but is {channels}.")
            .Require(spatialDimensions is 2 or 3, $"spatialDimensions must be 2 or 3, but is {spatialDimensions}.")
            .Include(nameof(options), _options.Faults())
            .ThrowIfAny();
        _distance = new AuxiliarySegmentation(_options);
        _heads = [.. _widths.Select(Head)];
        _module = nn.Sequential(_heads.Select((head, index) => (FormattableString.Invariant($"level{index + 1}"), head)));
    }

    /// <summary>
    /// Makes the loss for a network, on whose device its convolutions are then, and whose widths it finds by running it once on images of zeros, in evaluation
    /// mode.
    /// </summary>
    /// <param name="network">A network whose decoder gives the features of its levels, and which takes images of one channel by modality.</param>
    /// <param name="levels">
    /// How many levels below the full resolution are supervised; null (the default) for all but the coarsest of the decoder, as in nnU-Net, and at least one.
    /// </param>
    /// <param name="options">How the segmentations are compared; null for cross-entropy and Dice in which all classes count the same.</param>
    /// <exception cref="ArgumentException">The decoder does not give the features of so many levels.</exception>
    public static DecoderSupervisionLoss For(IEncoderDecoder network, int? levels = null, AuxiliarySegmentationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        int known = Enumerable.Range(1, int.MaxValue - 1).TakeWhile(level => network.DecoderFeatures.Contains(DecoderFeatureNames.Level(level))).Count();
        int wanted = levels ?? Math.Max(1, known - 1);
        if (wanted < 1 || wanted > known)
        {
            throw new ArgumentException(
                $"{wanted} levels below the full resolution are to be supervised, but the decoder of {network.GetType().Name} gives the features of {known}"
                    + (known == 0 ? $": give its {nameof(IEncoderDecoder.DecoderFeatures)}, or leave deep supervision out." : ": supervise fewer, at least 1."),
                nameof(levels));
        }

        string[] names = [.. Enumerable.Range(1, wanted).Select(DecoderFeatureNames.Level)];
        var loss = new DecoderSupervisionLoss(FeatureWidths.OfDecoder(network, names), network.OutputChannels, network.SpatialDimensions, options);
        loss.Module.to(network.Module.parameters().First().device);
        return loss;
    }

    /// <summary>The convolutions.</summary>
    public nn.Module Module => _module;

    /// <inheritdoc/>
    public IReadOnlyList<string> StudentFeatures => [.. Enumerable.Range(1, _widths.Length).Select(DecoderFeatureNames.Level)];

    /// <summary>None.</summary>
    public IReadOnlyList<string> TeacherFeatures => [];

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The widths are not those for which the loss was made.</exception>
    public Tensor Compute(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        using var scope = NewDisposeScope();
        Tensor sum = zeros([], device: context.Student.Logits.device);
        for (int index = 0; index < _heads.Length; index++)
        {
            string name = DecoderFeatureNames.Level(index + 1);
            Tensor features = context.Student.DecoderFeature(name);
            RequireWidth(features, index, name);
            sum = sum.Plus(_distance.Compute(context, _heads[index].call(features), name).Times(Math.Pow(2, -1 - index)));
        }

        return sum.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose() => _module.Dispose();

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() =>
        $"{nameof(DecoderSupervisionLoss)} {string.Join(", ", _widths)} to {_channels}, {_spatialDimensions}-D {JsonSerializer.Serialize(_options)}";

    private nn.Module<Tensor, Tensor> Head(int width) =>
        _spatialDimensions == 3 ? nn.Conv3d(width, _channels, 1) : nn.Conv2d(width, _channels, 1);

    private void RequireWidth(Tensor features, int index, string name)
    {
        if (features.dim() != _spatialDimensions + 2 || features.shape[1] != _widths[index])
        {
            throw new ArgumentException($"The features '{name}' of the student's decoder have the shape [{string.Join(", ", features.shape)}], but this loss "
                + $"was made for {_widths[index]} channels and {_spatialDimensions} spatial dimensions.");
        }
    }
}
