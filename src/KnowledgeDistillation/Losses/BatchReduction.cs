using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>How the losses of the samples of a batch become one (the sum over i of KD-Net, eqs. 2 to 4).</summary>
public enum BatchReduction
{
    /// <summary>Their mean: the loss does not depend on the batch size. The default.</summary>
    Mean,

    /// <summary>Their sum, as the paper writes it.</summary>
    Sum,
}

internal static class BatchReductionExtensions
{
    /// <summary>The reduction itself; throws where it is not a value of the enumeration.</summary>
    public static BatchReduction Checked(this BatchReduction reduction) => Enum.IsDefined(reduction)
        ? reduction
        : throw new ArgumentOutOfRangeException(nameof(reduction), $"{nameof(BatchReduction)} has no value {reduction}.");

    /// <summary>Reduces one loss per sample, [N], to a scalar.</summary>
    public static Tensor Apply(this BatchReduction reduction, Tensor lossPerSample) =>
        reduction == BatchReduction.Sum ? lossPerSample.sum() : lossPerSample.mean();
}
