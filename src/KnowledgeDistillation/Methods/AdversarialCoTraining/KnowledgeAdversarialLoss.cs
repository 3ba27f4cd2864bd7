using System.Text.Json;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.AdversarialCoTraining;

/// <summary>
/// The knowledge adversarial term of ACN (Wang et al. 2021): a critic, trained alongside, sees the features of the bottleneck and tells the student's from the
/// teacher's, patch by patch, so that the student's come to be distributed as the teacher's without having to be equal to them.
/// </summary>
/// <remarks>
/// <para>Teacher and student must have the same number of channels there.</para>
/// <para>
/// With logits D above 0 for the student, the critic minimizes ½ (E log(1 + exp D(m_t)) + E log(1 + exp(−D(m_s)))), the binary cross-entropy, and the student
/// E log(1 + exp D(m_s)); m are the features, E the mean over patches. A critic that cannot tell the two apart leaves the student log 2; the value moves with
/// the critic and says little as a number to watch. The teacher gets no gradient, for it need not come towards the student. Does not grow with the volume.
/// </para>
/// <para>
/// Owns critic and optimizer, Adam with β = (0.9, 0.99). The critic's initial weights are drawn from torch's default generator: call
/// <c>torch.manual_seed</c> before to fix them.
/// </para>
/// </remarks>
public sealed class KnowledgeAdversarialLoss : ISelfTrainingLoss, IDisposable
{
    private readonly KnowledgeAdversarialOptions _options;
    private readonly DomainAdversary _adversary;

    /// <summary>Makes the loss, its critic and the critic's optimizer.</summary>
    /// <param name="width">Number of channels of the features, at least 1.</param>
    /// <param name="spatialDimensions">3 for volumes, 2 for slices.</param>
    /// <param name="options">Levels, critic and optimizer; null for the defaults.</param>
    /// <param name="device">The student's device; null for the CPU. It cannot be changed later, because the optimizer holds the parameters.</param>
    /// <exception cref="ArgumentException">A number or an option is out of range; the message lists every fault.</exception>
    public KnowledgeAdversarialLoss(int width, int spatialDimensions = 3, KnowledgeAdversarialOptions? options = null, Device? device = null)
    {
        _options = options ?? new KnowledgeAdversarialOptions();
        _adversary = new DomainAdversary(
            nameof(KnowledgeAdversarialLoss),
            width,
            spatialDimensions,
            _options.Faults(),
            [(_options.Width, 1), (2L * _options.Width, 1)],
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
        return _adversary.OfStudent(MapOf(context.Student));
    }

    /// <summary>What the critic minimizes: it learns to tell the student's features from the teacher's.</summary>
    /// <exception cref="ArgumentException">The shapes do not fit.</exception>
    public Tensor ComputeOwn(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return _adversary.OfCritic(MapOf(context.Student), MapOf(context.Teacher));
    }

    /// <summary>The critic's verdict on the features of a network, one per patch.</summary>
    /// <param name="output">What the network made of a batch.</param>
    /// <returns>Raw logits [N, 1, patches...], above 0 where they are taken for the student's.</returns>
    /// <exception cref="ArgumentException">The shape does not fit.</exception>
    public Tensor Score(NetworkOutput output)
    {
        ArgumentNullException.ThrowIfNull(output);
        return _adversary.Score(MapOf(output));
    }

    /// <inheritdoc/>
    public void Dispose() => _adversary.Dispose();

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(KnowledgeAdversarialLoss)} {_adversary} {JsonSerializer.Serialize(_options)}";

    private Tensor MapOf(NetworkOutput output) => ReducedPrecision.Widen(EncodedFeatures.Of(output, "network", _options.LevelsAboveBottleneck));
}
