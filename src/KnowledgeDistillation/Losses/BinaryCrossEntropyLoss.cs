using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>
/// Binary cross-entropy −[t log p + (1 − t) log(1 − p)] of every channel, averaged over channels and voxels: the local term of KD-Net, eqs. 2 and 4.
/// Computed from logits, it stays finite and keeps its gradient for logits of ±10,000, with a softmax as well as with a sigmoid.
/// </summary>
/// <remarks>Does not grow with the volume. Safe to share between threads.</remarks>
public sealed class BinaryCrossEntropyLoss(BatchReduction reduction = BatchReduction.Mean)
{
    private readonly BatchReduction _reduction = reduction.Checked();

    /// <summary>Computes the loss.</summary>
    /// <param name="logits">Raw logits [N, K, spatial...].</param>
    /// <param name="target">Targets t in [0, 1] of the same shape.</param>
    /// <param name="labels">Says whether p is a softmax or a sigmoid of the logits.</param>
    /// <returns>A scalar, at least 0.</returns>
    /// <exception cref="ArgumentException">The shapes differ, or the channels are not the label scheme's.</exception>
    public Tensor Compute(Tensor logits, Tensor target, LabelScheme labels)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(labels);
        return Compute(labels.LogProbabilities(logits), target);
    }

    /// <summary>Computes the loss from the logarithms of p and 1 − p.</summary>
    internal Tensor Compute((Tensor OfProbability, Tensor OfComplement) logarithms, Tensor target)
    {
        LossShapes.RequireSame(logarithms.OfProbability, "logits", target, "target");
        using var scope = NewDisposeScope();
        return _reduction.Apply(-LabelScheme.LogLikelihood(logarithms, target).flatten(1).mean([1])).MoveToOuterDisposeScope();
    }
}
