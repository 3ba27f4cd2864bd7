using System.Text.Json;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.Hved;

/// <summary>
/// The Kullback-Leibler term of U-HVED (Dorent et al. 2019): the mean over the levels of 1/(2ⁿ − 2) Σ_S KL(q_avail ‖ q_S) + 1/(2ⁿ − 1) Σ_S KL(q_S ‖ N(0, 1)),
/// where S runs over the 2ⁿ − 1 non-empty subsets of the n modalities at hand (15 of four), and q_S is the product of the distributions
/// of the modalities in S and of a standard normal prior.
/// The first sum makes every subset of modalities give the same latent code, the second keeps the code near the prior.
/// </summary>
/// <remarks>
/// q_avail is the fusion of all modalities at hand, also of those that were not drawn in this step, or that of the drawn ones:
/// <see cref="ModalitySubsetDivergenceOptions.Reference"/>.
/// Where S is q_avail's own set its divergence is 0, hence the factor 1/(2ⁿ − 2). With one modality the first sum is empty and only KL(q ‖ N(0, 1)) is left.
/// Each divergence is averaged over all elements of its level (samples, channels, voxels), so the loss grows neither
/// with the volume nor with the batch nor with the width.
/// </remarks>
public sealed class ModalitySubsetDivergenceLoss : IDistillationLoss
{
    private readonly ModalitySubsetDivergenceOptions _options;

    /// <summary>Makes the loss.</summary>
    /// <param name="options">What the subsets should agree with; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public ModalitySubsetDivergenceLoss(ModalitySubsetDivergenceOptions? options = null)
    {
        _options = options ?? new ModalitySubsetDivergenceOptions();
        _options.Faults().ThrowIfAny();
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The student's encoding is not that of a <see cref="HvedUNet3D"/>.</exception>
    public Tensor Compute(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Student.Encoding is HvedEncoderOutput encoding
            ? Compute(encoding)
            : throw new ArgumentException(
                $"The divergence between subsets of modalities needs the distributions of a network that gives an {nameof(HvedEncoderOutput)}, "
                    + $"such as {nameof(HvedUNet3D)}, but {context.Student.Network.GetType().Name} gives none.",
                nameof(context));
    }

    /// <summary>Computes the loss from an encoding, for a training loop of your own.</summary>
    /// <param name="encoding">The distributions of each modality.</param>
    /// <returns>A scalar, at least 0.</returns>
    public Tensor Compute(HvedEncoderOutput encoding)
    {
        ArgumentNullException.ThrowIfNull(encoding);
        string[] modalities = [.. encoding.Posteriors.Keys.Order(StringComparer.Ordinal)];
        // A subset is a number whose bit i says whether modality i is in it.
        int all = (1 << modalities.Length) - 1;
        int available = _options.Reference == SubsetReference.AllModalities
            ? all
            : modalities.Index().Where(modality => encoding.FusedModalities.Contains(modality.Item)).Sum(modality => 1 << modality.Index);
        return stack([.. Enumerable.Range(0, encoding.Levels.Count).Select(level => DivergenceOf(level))]).mean();

        Tensor DivergenceOf(int level)
        {
            // Of the many maps of the size of the level only those that the gradient needs are kept.
            using var scope = NewDisposeScope();
            GaussianExpert[] experts = [.. modalities.Select(name => GaussianExpert.Of(encoding.Posteriors[name][level]))];
            DiagonalGaussian[] products =
                [.. Enumerable.Range(1, all).Select(subset => GaussianExpert.ProductWithPrior(experts.Where((_, index) => (subset >> index & 1) == 1)))];
            Tensor toPrior = stack([.. products.Select(product => product.DivergenceFromStandardNormal().mean())]).mean();
            Tensor[] toSubsets =
                [.. products.Where((_, index) => index + 1 != available).Select(product => products[available - 1].DivergenceFrom(product).mean())];
            Tensor divergence = toSubsets.Length == 0 ? toPrior : toPrior.Plus(stack(toSubsets).mean());
            return divergence.MoveToOuterDisposeScope();
        }
    }

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(ModalitySubsetDivergenceLoss)} {JsonSerializer.Serialize(_options)}";
}
