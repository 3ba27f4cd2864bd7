using System.Text.Json;
using KnowledgeDistillation.Labels;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.AdversarialCoTraining;

/// <summary>
/// The entropy adversarial term of ACN (Wang et al. 2021): a critic, trained alongside, sees the entropy maps −p_k log p_k / log K of a segmentation, one per
/// class, in [0, 1], and tells the student's from the teacher's, patch by patch. A student that misses modalities is undecided where the teacher is sure, and
/// learns not to be.
/// </summary>
/// <remarks>
/// <para>
/// With overlapping regions a map is the entropy of one yes or no in bits, −p log₂ p − (1 − p) log₂(1 − p). Voxels without a label show no entropy in either
/// network's maps, so that nothing tells them apart there.
/// </para>
/// <para>
/// With logits D above 0 for the student, the critic minimizes ½ (E log(1 + exp D(m_t)) + E log(1 + exp(−D(m_s)))), the binary cross-entropy, and the student
/// E log(1 + exp D(m_s)); m are the entropy maps, E the mean over patches. A critic that cannot tell the two apart leaves the student log 2; the value moves
/// with the critic and says little as a number to watch. The teacher gets no gradient, for it need not come towards the student. Does not grow with the volume.
/// </para>
/// <para>
/// Owns critic and optimizer, Adam with β = (0.9, 0.99). The critic's initial weights are drawn from torch's default generator: call
/// <c>torch.manual_seed</c> before to fix them.
/// </para>
/// </remarks>
public sealed class EntropyAdversarialLoss : ISelfTrainingLoss, IDisposable
{
    private readonly EntropyAdversarialOptions _options;
    private readonly DomainAdversary _adversary;

    /// <summary>Makes the loss, its critic and the critic's optimizer.</summary>
    /// <param name="labels">How the channels of student and teacher relate to classes.</param>
    /// <param name="spatialDimensions">3 for volumes, 2 for slices.</param>
    /// <param name="options">Critic and optimizer; null for the defaults.</param>
    /// <param name="device">The student's device; null for the CPU. It cannot be changed later, because the optimizer holds the parameters.</param>
    /// <exception cref="ArgumentException">A number or an option is out of range; the message lists every fault.</exception>
    public EntropyAdversarialLoss(LabelScheme labels, int spatialDimensions = 3, EntropyAdversarialOptions? options = null, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(labels);
        _options = options ?? new EntropyAdversarialOptions();
        _adversary = new DomainAdversary(
            nameof(EntropyAdversarialLoss),
            labels.Channels,
            spatialDimensions,
            _options.Faults(),
            Enumerable.Range(0, Math.Max(0, _options.StridedConvolutions - 1)).Select(layer => ((long)_options.Width << layer, 2L)),
            lastStride: 2,
            _options.LearningRate,
            device);
    }

    /// <summary>The critic.</summary>
    public nn.Module Module => _adversary.Critic;

    /// <summary>The critic's optimizer.</summary>
    public OptimizerHelper Optimizer => _adversary.Optimizer;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public Tensor Compute(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return _adversary.OfStudent(Entropy(context.Student.Logits, context.Labels));
    }

    /// <summary>What the critic minimizes: it learns to tell the student's entropy maps from the teacher's.</summary>
    /// <exception cref="ArgumentException">The shapes do not fit.</exception>
    public Tensor ComputeOwn(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return _adversary.OfCritic(Entropy(context.Student.Logits, context.Labels), Entropy(context.Teacher.Logits, context.Labels));
    }

    /// <summary>The critic's verdict on a segmentation, one per patch.</summary>
    /// <param name="logits">Raw logits [N, K, spatial...] of a network.</param>
    /// <param name="labels">How channels relate to classes.</param>
    /// <returns>Raw logits [N, 1, patches...], above 0 where it is taken for the student's.</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public Tensor Score(Tensor logits, LabelScheme labels) => _adversary.Score(Entropy(logits, labels));

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

    /// <inheritdoc/>
    public void Dispose() => _adversary.Dispose();

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(EntropyAdversarialLoss)} {_adversary} {JsonSerializer.Serialize(_options)}";
}
