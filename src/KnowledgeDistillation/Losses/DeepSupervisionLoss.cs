using System.Text.Json;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>
/// The segmentations that an <see cref="IDeeplySupervisedNetwork"/> makes at several levels, each compared with the reference by cross-entropy + Dice:
/// the deep supervision of RFNet (Ding et al. 2021), mmFormer (Zhang et al. 2022) and nnU-Net (Isensee et al. 2021).
/// </summary>
/// <remarks>A mean over the levels with the weights 1, d, d², … from the shallowest on, averaged over voxels and samples, so it does not grow with the volume.
/// Logits are interpolated, where the published codes of RFNet and mmFormer interpolate probabilities: so it stays finite for logits of ±10,000.</remarks>
public sealed class DeepSupervisionLoss : IDistillationLoss
{
    private readonly DeepSupervisionOptions _options;
    private readonly AuxiliarySegmentation _distance;

    /// <summary>Makes the loss.</summary>
    /// <param name="options">How the segmentations are compared; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public DeepSupervisionLoss(DeepSupervisionOptions? options = null)
    {
        _options = options ?? new DeepSupervisionOptions();
        _options.Faults().ThrowIfAny();
        _distance = new AuxiliarySegmentation(_options.Segmentation);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The student does not segment at several levels.</exception>
    public Tensor Compute(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.Student.Network is not IDeeplySupervisedNetwork network)
        {
            throw new ArgumentException(
                $"Deep supervision needs a network that segments at several levels ({nameof(IDeeplySupervisedNetwork)}), "
                    + $"but {context.Student.Network.GetType().Name} does not.",
                nameof(context));
        }

        IReadOnlyList<Tensor> logits = network.SegmentLevels(context.Student.Encoding);
        double[] weights = [.. Enumerable.Range(0, logits.Count).Select(level => Math.Pow(_options.Decay, level))];
        return logits.Select((level, index) => LossOf(context, level, index).Times(weights[index] / weights.Sum())).Aggregate((sum, term) => sum.Plus(term));
    }

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(DeepSupervisionLoss)} {JsonSerializer.Serialize(_options)}";

    private Tensor LossOf(DistillationContext context, Tensor logits, int level)
    {
        using var scope = NewDisposeScope();
        Tensor compared = _options.Grid == SupervisionGrid.Level ? logits : Interpolated(ReducedPrecision.Widen(logits), context.Target.shape[2..]);
        return _distance.Compute(context, compared, $"level {level + 1}").MoveToOuterDisposeScope();
    }

    private static Tensor Interpolated(Tensor logits, long[] size) => logits.shape.AsSpan(2).SequenceEqual(size)
        ? logits
        : nn.functional.interpolate(
            logits, size, mode: size.Length == 3 ? InterpolationMode.Trilinear : InterpolationMode.Bilinear, align_corners: false);
}
