namespace KnowledgeDistillation.Runtime;

/// <summary>The element type in which the networks of this library compute. Weights, optimizers and losses are float32 in any case.</summary>
/// <remarks>A network of your own computes as it is written; it takes part where it follows <see cref="ComputePrecision"/>.</remarks>
public enum Precision
{
    /// <summary>Everything in float32.</summary>
    Full,

    /// <summary>
    /// Convolutions, and the features between them, in bfloat16, which has the range of float32 and 8 bits of precision,
    /// so that no loss scaling is needed; weights, the sums within norms, logits, losses and optimizer in float32.
    /// About half the time and half the memory where the processor computes in bfloat16; slower where it does not.
    /// </summary>
    Mixed,

    /// <summary>Whichever of the two is faster on the device at hand: see <see cref="TorchRuntime.FastestPrecision"/>.</summary>
    Fastest,
}
