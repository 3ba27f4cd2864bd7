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
        long[] factors = Factors(context.Target.shape, logits.shape, name);
        Tensor target = Thinned(context.Target, factors, firstAxis: 2);
        Tensor? ignored = context.IgnoredVoxels is null ? null : Thinned(context.IgnoredVoxels, factors, firstAxis: 1);
        Tensor silenced = ignored is null ? ReducedPrecision.Widen(logits) : context.Labels.Silence(ReducedPrecision.Widen(logits), ignored);
        Tensor perVoxel = options.Balanced
            ? context.Labels.BalancedCrossEntropy(silenced, target, ClassShares.Of(target, ignored))
            : context.Labels.CrossEntropy(silenced, target);
        Tensor crossEntropy = ignored is null ? perVoxel.mean() : perVoxel.sum() / ignored.logical_not().sum(ScalarType.Float32).AtLeast(1);
        return crossEntropy.Plus(_dice.Compute(context.Labels.Probabilities(silenced), target, context.Labels)).MoveToOuterDisposeScope();
    }

    private static long[] Factors(long[] target, long[] logits, string name)
    {
        bool fits = target.Length == logits.Length && target[0] == logits[0] && target[1] == logits[1]
            && target[2..].Zip(logits[2..]).All(axis => axis.Second > 0 && axis.First % axis.Second == 0);
        return fits
            ? [.. target[2..].Zip(logits[2..], (whole, part) => whole / part)]
            : throw new ArgumentException($"The logits [{string.Join(", ", logits)}] of {name} do not fit the reference [{string.Join(", ", target)}]: "
                + "they need as many samples and channels, and each of its lengths must be a multiple of theirs.");
    }

    private static Tensor Thinned(Tensor tensor, long[] factors, int firstAxis)
    {
        for (int axis = 0; axis < factors.Length; axis++)
        {
            if (factors[axis] > 1)
                tensor = tensor.slice(firstAxis + axis, 0, tensor.shape[firstAxis + axis], factors[axis]);
        }

        return tensor;
    }
}
