using System.Text.Json;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.AdversarialCoTraining;

/// <summary>
/// The entropy adversarial term of ACN (Wang et al. 2021): the critic sees the entropy maps −p_k log p_k / log K of a segmentation, one per class,
/// in [0, 1]; a student that misses modalities is undecided where the teacher is sure, and learns not to be.
/// </summary>
/// <remarks>
/// With overlapping regions a map is the entropy of one yes or no in bits, −p log₂ p − (1 − p) log₂(1 − p). Voxels without a label show no entropy in either
/// map, so that nothing tells them apart there. See <see cref="DomainAdversarialLoss"/>.
/// </remarks>
public sealed class EntropyAdversarialLoss : DomainAdversarialLoss
{
    private readonly EntropyAdversarialOptions _options;

    /// <summary>Makes the loss, its critic and the critic's optimizer.</summary>
    /// <param name="labels">How the channels of student and teacher relate to classes.</param>
    /// <param name="spatialDimensions">3 for volumes, 2 for slices.</param>
    /// <param name="options">Critic and optimizer; null for the defaults.</param>
    /// <param name="device">The student's device; null for the CPU. It cannot be changed later, because the optimizer holds the parameters.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public EntropyAdversarialLoss(LabelScheme labels, int spatialDimensions = 3, EntropyAdversarialOptions? options = null, Device? device = null)
        : this((labels ?? throw new ArgumentNullException(nameof(labels))).Channels, spatialDimensions, options ?? new EntropyAdversarialOptions(), device)
    {
    }

    private EntropyAdversarialLoss(int channels, int spatialDimensions, EntropyAdversarialOptions options, Device? device)
        : base(
            nameof(EntropyAdversarialLoss),
            spatialDimensions,
            channels,
            options.Faults(),
            Enumerable.Range(0, Math.Max(0, options.StridedConvolutions - 1)).Select(layer => ((long)options.Width << layer, 2L)),
            lastStride: 2,
            options.LearningRate,
            device) => _options = options;

    /// <summary>The entropy maps that the critic sees.</summary>
    /// <param name="logits">Raw logits [N, K, spatial...].</param>
    /// <param name="labels">How channels relate to classes.</param>
    /// <returns>[N, K, spatial...] in [0, 1].</returns>
    public static Tensor Entropy(Tensor logits, LabelScheme labels)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(labels);
        Tensor probabilities = labels.Probabilities(logits);
        (Tensor ofProbability, Tensor ofComplement) = labels.LogProbabilities(logits);
        return labels is ExclusiveClasses
            ? (probabilities * ofProbability).Over(-Math.Log(labels.Channels))
            : LabelScheme.LogLikelihood((ofProbability, ofComplement), probabilities).Over(-Math.Log(2));
    }

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(EntropyAdversarialLoss)} {Size} {JsonSerializer.Serialize(_options)}";

    private protected override Tensor MapOf(NetworkOutput output, LabelScheme labels) => Entropy(output.Logits, labels);
}
