using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>
/// A loss that counts little at first: in epoch t (from 0) of the first L it is multiplied by exp(−5 (1 − t/L)²), which rises from 0.007 to 1
/// (Laine and Aila 2017, who begin so because at first neither of two networks knows anything worth following).
/// </summary>
/// <remarks>
/// In validation and outside of a trainer, where there is no epoch (<see cref="DistillationContext.Epoch"/>), it is the loss itself. A fit without validation
/// cases watches the training loss, which rises meanwhile: learning rate and best epoch would follow that.
/// </remarks>
public sealed class RampedUpLoss : ICompositeLoss
{
    private readonly IDistillationLoss _loss;
    private readonly int _epochs;

    /// <summary>Makes the loss.</summary>
    /// <param name="loss">The loss that is multiplied.</param>
    /// <param name="epochs">The number of epochs L, at least 0; with 0 the loss is itself from the beginning.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number of epochs is below 0.</exception>
    public RampedUpLoss(IDistillationLoss loss, int epochs)
    {
        ArgumentNullException.ThrowIfNull(loss);
        if (epochs < 0)
            throw new ArgumentOutOfRangeException(nameof(epochs), $"The number of epochs over which a loss is ramped up must be at least 0, but is {epochs}.");
        (_loss, _epochs) = (loss, epochs);
    }

    /// <inheritdoc/>
    public IEnumerable<IDistillationLoss> Parts => [_loss];

    /// <inheritdoc/>
    public Tensor Compute(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        Tensor value = _loss.Compute(context);
        return context.Epoch is int epoch && epoch < _epochs ? value.Times(Share(epoch)) : value;
    }

    /// <summary>The name, the epochs and the loss: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => FormattableString.Invariant($"{nameof(RampedUpLoss)} over {_epochs} epochs {_loss}");

    private double Share(int epoch)
    {
        double left = 1 - ((double)epoch / _epochs);
        return Math.Exp(-5 * left * left);
    }
}
