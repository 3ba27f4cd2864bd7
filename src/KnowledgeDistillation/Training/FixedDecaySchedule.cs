using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Training;

/// <summary>
/// Multiplies the learning rate by <see cref="Factor"/> once, after <see cref="AfterEpochs"/> epochs, whatever the losses are: two fits that are compared
/// then lower it at the same time, which a <see cref="PlateauSchedule"/> leaves to chance.
/// </summary>
public sealed record FixedDecaySchedule : ILearningRateSchedule
{
    /// <summary>The factor, above 0 and below 1. Default 0.1.</summary>
    public double Factor { get; init; } = 0.1;

    /// <summary>How many epochs have the full rate, at least 1. Default 375, three quarters of the paper's 500.</summary>
    public int AfterEpochs { get; init; } = 375;

    /// <summary>The schedule that lowers the rate for the last quarter of a fit.</summary>
    /// <param name="epochs">The epochs of the fit, at least 1; where they are not a multiple of 4, the quarter is rounded down.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number of epochs is below 1.</exception>
    public static FixedDecaySchedule ForLastQuarterOf(int epochs)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(epochs, 1);
        return new FixedDecaySchedule { AfterEpochs = epochs - (epochs / 4) };
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public double Multiplier(IReadOnlyList<double> losses)
    {
        ArgumentNullException.ThrowIfNull(losses);
        new OptionFaults(nameof(FixedDecaySchedule))
            .Require(Factor is > 0 and < 1, $"Factor must be above 0 and below 1, but is {Factor}.")
            .Require(AfterEpochs >= 1, $"AfterEpochs must be at least 1, but is {AfterEpochs}.")
            .ThrowIfAny();
        return losses.Count < AfterEpochs ? 1 : Factor;
    }
}
