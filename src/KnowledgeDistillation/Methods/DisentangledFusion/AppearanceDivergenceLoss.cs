using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Networks;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.DisentangledFusion;

/// <summary>
/// The Kullback-Leibler term of Chen et al. (2019): KL(q ‖ N(0, 1)) of the appearance code of each modality that was given,
/// so that a code holds no more than it needs.
/// Summed over the elements of a code, averaged over the modalities.
/// </summary>
/// <remarks>An appearance code has no spatial extent, so the loss does not grow with the volume; it grows with the length of the code.</remarks>
/// <param name="reduction">How samples are reduced.</param>
public sealed class AppearanceDivergenceLoss(BatchReduction reduction = BatchReduction.Mean) : IDistillationLoss
{
    private readonly BatchReduction _reduction = reduction.Checked();

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The student's encoding is not that of a <see cref="DisentangledFusionNet3D"/>.</exception>
    public Tensor Compute(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Student.Encoding is DisentangledEncoderOutput encoding
            ? Compute(encoding)
            : throw new ArgumentException(
                $"The divergence of the appearance needs the distributions of a network that gives a {nameof(DisentangledEncoderOutput)}, "
                    + $"such as {nameof(DisentangledFusionNet3D)}, but {context.Student.Network.GetType().Name} gives none.",
                nameof(context));
    }

    /// <summary>Computes the loss from an encoding, for a training loop of your own.</summary>
    /// <param name="encoding">The distributions of each modality.</param>
    /// <returns>A scalar, at least 0.</returns>
    public Tensor Compute(DisentangledEncoderOutput encoding)
    {
        ArgumentNullException.ThrowIfNull(encoding);
        IEnumerable<DiagonalGaussian> inFixedOrder = encoding.Appearances.OrderBy(appearance => appearance.Key, StringComparer.Ordinal)
            .Select(appearance => appearance.Value);
        return _reduction.Apply(stack([.. inFixedOrder.Select(appearance => appearance.DivergenceFromStandardNormal().sum([1]))]).mean([0]));
    }

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(AppearanceDivergenceLoss)} {_reduction}";
}
