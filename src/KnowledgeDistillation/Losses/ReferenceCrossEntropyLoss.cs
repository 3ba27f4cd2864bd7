using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>
/// The cross-entropy of the reference and the student's probabilities, −Σ_k y_k log p_k, summed over the classes and averaged over the voxels:
/// the hard-label term of most distillation methods. With overlapping regions it is a yes or no for every region (see <see cref="LabelScheme.CrossEntropy"/>).
/// </summary>
/// <remarks>
/// Does not grow with the volume. The KD-Net paper adds a Dice term and uses the binary form, averaged over the channels:
/// <see cref="Methods.KDNet.ReferenceLoss"/>.
/// </remarks>
/// <param name="reduction">How samples are reduced.</param>
public sealed class ReferenceCrossEntropyLoss(BatchReduction reduction = BatchReduction.Mean) : IDistillationLoss
{
    private readonly BatchReduction _reduction = reduction.Checked();

    /// <summary>The loss as the term "CE", the reference's in most methods as published.</summary>
    /// <param name="reduction">How samples are reduced.</param>
    public static UnweightedTerm Term(BatchReduction reduction = BatchReduction.Mean) => new("CE", new ReferenceCrossEntropyLoss(reduction));

    /// <inheritdoc/>
    public Tensor Compute(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.OverCountedVoxels(_reduction.Apply(context.Labels.CrossEntropy(context.Student.Logits, context.Target).flatten(1).mean([1])));
    }

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(ReferenceCrossEntropyLoss)} {_reduction}";
}
