using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>Cross-entropy + Dice of any logits and the reference of a batch.</summary>
internal sealed class AuxiliarySegmentation(AuxiliarySegmentationOptions options)
{
    private readonly SoftDiceLoss _dice = new(options.Dice);

    /// <param name="context">The batch and its label scheme.</param>
    /// <param name="logits">Raw logits [N, K, spatial...] in the resolution of the reference, or in one that is a whole number of times coarser:
    /// then of each block the voxel of its lowest corner is compared.</param>
    /// <param name="name">What the logits are, for messages.</param>
    /// <returns>A scalar, at least 0, that does not grow with the volume.</returns>
    /// <exception cref="ArgumentException">The logits do not fit the reference.</exception>
    public Tensor Compute(DistillationContext context, Tensor logits, string name)
    {
        using var scope = NewDisposeScope();
        if (logits.dim() != context.Target.dim() || logits.shape[0] != context.Target.shape[0] || logits.shape[1] != context.Target.shape[1])
        {
            throw new ArgumentException($"The logits [{string.Join(", ", logits.shape)}] of {name} do not fit the reference "
                + $"[{string.Join(", ", context.Target.shape)}]: they need as many samples and channels.");
        }

        Tensor target = CoarserGrid.Of(context.Target, logits.shape.AsSpan(2), $"The logits of {name}");
        Tensor? ignored = context.IgnoredVoxels is null ? null : CoarserGrid.Of(context.IgnoredVoxels, logits.shape.AsSpan(2), $"The logits of {name}");
        Tensor silenced = ignored is null ? ReducedPrecision.Widen(logits) : context.Labels.Silence(ReducedPrecision.Widen(logits), ignored);
        Tensor perVoxel = options.Balanced
            ? context.Labels.BalancedCrossEntropy(silenced, target, ClassShares.Of(target, ignored))
            : context.Labels.CrossEntropy(silenced, target);
        Tensor crossEntropy = ignored is null ? perVoxel.mean() : perVoxel.sum() / ignored.logical_not().sum(ScalarType.Float32).AtLeast(1);
        Tensor probabilities = context.Labels.Probabilities(silenced);
        if (ignored is not null)
        {
            // Background that is predicted there would be right, and there is no end to how much of it.
            Tensor counted = ignored.logical_not().unsqueeze(1).to(target.dtype);
            (probabilities, target) = (probabilities * counted, target * counted);
        }

        return crossEntropy.Plus(_dice.Compute(probabilities, target, context.Labels)).MoveToOuterDisposeScope();
    }
}
