using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.DeMoSeg;

/// <summary>
/// The mean squared difference between the features with which a modality stands in for another and that other's own features, which learn nothing from it:
/// the distillation between modalities of DeMoSeg (Yang et al. 2024). Averaged over all pairs of modalities at hand; 0 with one modality.
/// </summary>
/// <remarks>Averaged over channels and voxels too, so it does not grow with the volume.</remarks>
/// <param name="reduction">How samples are reduced.</param>
public sealed class SubstituteLoss(BatchReduction reduction = BatchReduction.Mean) : IDistillationLoss
{
    private readonly BatchReduction _reduction = reduction.Checked();

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The student is no <see cref="DeMoSeg3D"/>.</exception>
    public Tensor Compute(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Student is { Network: DeMoSeg3D network, Encoding: DecodedEncoderOutput encoding }
            ? Compute(network, encoding)
            : throw new ArgumentException(
                $"The loss of substitutes needs the first features of a {nameof(DeMoSeg3D)}, but the student is a {context.Student.Network.GetType().Name}.",
                nameof(context));
    }

    /// <summary>Computes the loss from an encoding, for a training loop of your own.</summary>
    /// <param name="network">The network.</param>
    /// <param name="encoding">What it made of a batch.</param>
    /// <returns>A scalar, at least 0.</returns>
    public Tensor Compute(DeMoSeg3D network, DecodedEncoderOutput encoding)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(encoding);
        using var scope = NewDisposeScope();
        (int Part, Tensor Features)[] modalities =
        [
            .. network.Modalities.Index().Where(modality => encoding.ModalityFeatures.ContainsKey(modality.Item))
                .Select(modality => (modality.Index, encoding.ModalityFeatures[modality.Item][0]))
        ];
        Tensor[] distances =
        [
            .. from own in modalities
               from other in modalities
               where own.Part != other.Part
               select Distance(network.Part(other.Features, own.Part), network.Part(own.Features, own.Part).detach())
        ];
        Tensor perSample = distances.Length > 0 ? stack(distances).mean([0]) : ReducedPrecision.Widen(encoding.Levels[0]).flatten(1).mean([1]).Times(0);
        return _reduction.Apply(perSample).MoveToOuterDisposeScope();
    }

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(SubstituteLoss)} {_reduction}";

    private static Tensor Distance(Tensor substitute, Tensor own) =>
        (ReducedPrecision.Widen(substitute) - ReducedPrecision.Widen(own)).Squared().flatten(1).mean([1]);
}
