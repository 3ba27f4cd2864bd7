using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>
/// The cross-entropy of the reference and the student's probabilities in which rare classes count more, −Σ_k (1 − s_k) y_k log p_k, averaged over the voxels:
/// s_k is the share of class k in the volume of its sample (Chen et al. 2019, Ding et al. 2021). With overlapping regions each region is a yes
/// of the weight 1 − s_k and a no of the weight s_k.
/// </summary>
/// <remarks>
/// Does not grow with the volume. The published codes raise probabilities to at least 0.005 before the logarithm, which leaves voxels that are quite wrong
/// without a gradient; here the logarithm is computed from logits and needs no bound.
/// </remarks>
/// <param name="reduction">How samples are reduced.</param>
public sealed class BalancedCrossEntropyLoss(BatchReduction reduction = BatchReduction.Mean) : IDistillationLoss
{
    private readonly BatchReduction _reduction = reduction.Checked();

    /// <inheritdoc/>
    public Tensor Compute(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        using var scope = NewDisposeScope();
        Tensor shares = ClassShares.Of(context.Target, context.IgnoredVoxels);
        Tensor perVoxel = context.Labels.BalancedCrossEntropy(context.Student.Logits, context.Target, shares);
        return context.OverCountedVoxels(_reduction.Apply(perVoxel.flatten(1).mean([1]))).MoveToOuterDisposeScope();
    }

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(BalancedCrossEntropyLoss)} {_reduction}";
}
