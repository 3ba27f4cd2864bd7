using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>One minus the soft Dice score, averaged over the channels that are not background: the overlap term of KD-Net, eqs. 2 and 4.</summary>
/// <remarks>Does not grow with the volume: it lies in [0, 1]. Safe to share between threads.</remarks>
public sealed class SoftDiceLoss
{
    private readonly SoftDiceOptions _options;
    private readonly BatchReduction _reduction;

    /// <summary>Makes the loss.</summary>
    /// <param name="options">The formula and its details; null for the defaults.</param>
    /// <param name="reduction">How samples are reduced.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public SoftDiceLoss(SoftDiceOptions? options = null, BatchReduction reduction = BatchReduction.Mean)
    {
        _options = options ?? new SoftDiceOptions();
        _options.Faults().ThrowIfAny();
        _reduction = reduction.Checked();
    }

    /// <summary>Computes the loss.</summary>
    /// <param name="prediction">Probabilities p [N, K, spatial...] in [0, 1].</param>
    /// <param name="target">Binary or soft targets t of the same shape.</param>
    /// <param name="labels">Says which channels are background.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ArgumentException">The shapes differ, or the channels are not the label scheme's.</exception>
    public Tensor Compute(Tensor prediction, Tensor target, LabelScheme labels)
    {
        LossShapes.RequireSame(prediction, "prediction", target, "target");
        ArgumentNullException.ThrowIfNull(labels);
        if (prediction.shape[1] != labels.Channels)
        {
            throw new ArgumentException(
                $"The prediction has {prediction.shape[1]} channels, but the label scheme has {labels.Channels}: {string.Join(", ", labels.ChannelNames)}.");
        }

        using var scope = NewDisposeScope();
        long[] summed = [.. Enumerable.Range(2, (int)prediction.dim() - 2).Select(dimension => (long)dimension)];
        if (_options.WholeBatch)
            summed = [0, .. summed];
        Tensor Sum(Tensor tensor) => tensor.sum(summed);

        (Tensor numerator, Tensor denominator) = _options.Form switch
        {
            DiceForm.Squared => (Sum(prediction * target).Times(2), Sum(prediction.Squared()).Plus(Sum(target.Squared()))),
            DiceForm.AbsoluteDifference => AbsoluteDifference(Sum(prediction).Plus(Sum(target)), Sum((prediction - target).abs())),
            _ => (Sum(prediction * target).Times(2), Sum(prediction).Plus(Sum(target))),
        };
        Tensor dice = numerator.Plus(_options.Smooth) / denominator.Plus(_options.Smooth);
        if (_options.WholeBatch)
            dice = dice.unsqueeze(0);
        return _reduction.Apply(OverChannels(dice, labels).mean([1]).Complement()).MoveToOuterDisposeScope();
    }

    private static (Tensor Numerator, Tensor Denominator) AbsoluteDifference(Tensor sum, Tensor difference) => (sum - difference, sum);

    private Tensor OverChannels(Tensor dice, LabelScheme labels)
    {
        // In either label scheme the foreground is one run of channels, and a slice needs no list of them on the device.
        return _options.IncludeBackground ? dice : dice.narrow(1, labels.ForegroundChannels[0], labels.ForegroundChannels.Count);
    }
}
