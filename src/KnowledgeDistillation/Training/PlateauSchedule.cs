using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Training;

/// <summary>
/// Multiplies the learning rate by <see cref="Factor"/> whenever the watched loss has not decreased for <see cref="Patience"/>
/// epochs (KD-Net, section 3.2: 0.2 and 50).
/// </summary>
/// <remarks>
/// Torch's ReduceLROnPlateau waits one epoch longer, because it acts on more than <c>patience</c> bad epochs, and asks for a decrease
/// by 0.01 %; this one does what the paper says literally.
/// </remarks>
public sealed record PlateauSchedule : ILearningRateSchedule
{
    /// <summary>The factor, above 0 and below 1. Default 0.2.</summary>
    public double Factor { get; init; } = 0.2;

    /// <summary>Epochs without a decrease, at least 1. Default 50.</summary>
    public int Patience { get; init; } = 50;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public double Multiplier(IReadOnlyList<double> losses)
    {
        ArgumentNullException.ThrowIfNull(losses);
        new OptionFaults(nameof(PlateauSchedule))
            .Require(Factor is > 0 and < 1, $"Factor must be above 0 and below 1, but is {Factor}.")
            .Require(Patience >= 1, $"Patience must be at least 1, but is {Patience}.")
            .ThrowIfAny();

        double multiplier = 1;
        double lowest = double.PositiveInfinity;
        int epochsWithoutDecrease = 0;
        foreach (double loss in losses)
        {
            epochsWithoutDecrease = loss < lowest ? 0 : epochsWithoutDecrease + 1;
            lowest = Math.Min(lowest, loss);
            if (epochsWithoutDecrease == Patience)
            {
                multiplier *= Factor;
                epochsWithoutDecrease = 0;
            }
        }

        return multiplier;
    }
}
