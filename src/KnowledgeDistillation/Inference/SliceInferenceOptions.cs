using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Inference;

/// <summary>How <see cref="SliceInference"/> cuts volumes.</summary>
public sealed record SliceInferenceOptions
{
    /// <summary>
    /// The axis of the volumes that is cut, counted from 0: 0 for D, 1 for H, 2 for W; the one with which the network was trained. Default 0.
    /// </summary>
    public int Axis { get; init; }

    /// <summary>Slices that pass through the network at once, at least 1: more need more memory. Default 16.</summary>
    public int SlicesPerPass { get; init; } = 16;

    /// <summary>
    /// The element type in which the network computes. Default <see cref="Precision.Full"/>; <see cref="TorchRuntime.FastestPrecision"/> says which is fastest.
    /// </summary>
    public Precision Precision { get; init; } = Precision.Full;

    internal void Validate() => new OptionFaults(nameof(SliceInferenceOptions))
        .Require(Axis is >= 0 and <= 2, $"Axis must be from 0 to 2, but is {Axis}.")
        .Require(SlicesPerPass >= 1, $"SlicesPerPass must be at least 1, but is {SlicesPerPass}.")
        .Require(Enum.IsDefined(Precision), $"Precision has no value {Precision}.")
        .ThrowIfAny();
}
