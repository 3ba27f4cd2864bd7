using System.Text.Json;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>
/// The segmentations that an <see cref="IModalitySegmentingNetwork"/> makes from each modality alone, each compared with the reference by cross-entropy + Dice:
/// the regularizer of RFNet (Ding et al. 2021) and mmFormer (Zhang et al. 2022), by which every encoder learns in every step, also where its modality
/// was left out of the fusion.
/// </summary>
/// <remarks>Averaged over the modalities, and over voxels and samples, so it grows neither with their number nor with the volume.</remarks>
public sealed class ModalitySegmentationLoss : IDistillationLoss
{
    private readonly AuxiliarySegmentationOptions _options;
    private readonly AuxiliarySegmentation _distance;

    /// <summary>Makes the loss.</summary>
    /// <param name="options">How each segmentation is compared; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public ModalitySegmentationLoss(AuxiliarySegmentationOptions? options = null)
    {
        _options = options ?? new AuxiliarySegmentationOptions();
        _options.Faults().ThrowIfAny();
        _distance = new AuxiliarySegmentation(_options);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The student does not segment from single modalities.</exception>
    public Tensor Compute(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.Student.Network is not IModalitySegmentingNetwork network)
        {
            throw new ArgumentException(
                $"The loss of single modalities needs a network that segments from each of them ({nameof(IModalitySegmentingNetwork)}), "
                    + $"but {context.Student.Network.GetType().Name} does not.",
                nameof(context));
        }

        IReadOnlyDictionary<string, Tensor> logits = network.SegmentModalities(context.Student.Encoding);
        // In an order that does not depend on that of the images.
        return stack([.. logits.OrderBy(modality => modality.Key, StringComparer.Ordinal)
            .Select(modality => _distance.Compute(context, modality.Value, $"'{modality.Key}'"))]).mean();
    }

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(ModalitySegmentationLoss)} {JsonSerializer.Serialize(_options)}";
}
