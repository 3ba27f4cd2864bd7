using System.Text.Json;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.AdversarialCoTraining;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.StyleMatching;

/// <summary>
/// The adversarial term of SMU-Net (Azad et al. 2022): a critic, trained alongside, sees the style, the deepest levels of the encoder at the resolution of the
/// bottleneck, and tells the student's from the teacher's, patch by patch; the student's is to be taken for the teacher's.
/// </summary>
/// <remarks>
/// <para>Teacher and student must have the same widths.</para>
/// <para>
/// With logits D above 0 for the student, the critic minimizes ½ (E log(1 + exp D(m_t)) + E log(1 + exp(−D(m_s)))), the binary cross-entropy, and the student
/// E log(1 + exp D(m_s)); m are the styles, E the mean over patches. A critic that cannot tell the two apart leaves the student log 2; the value moves with
/// the critic and says little as a number to watch. The teacher gets no gradient, for it need not come towards the student. Does not grow with the volume.
/// </para>
/// <para>
/// Owns critic and optimizer, Adam with β = (0.9, 0.99). The critic's initial weights are drawn from torch's default generator: call
/// <c>torch.manual_seed</c> before to fix them.
/// </para>
/// </remarks>
public sealed class StyleAdversarialLoss : ISelfTrainingLoss, IDisposable
{
    private readonly StyleAdversarialOptions _options;
    private readonly DomainAdversary _adversary;

    /// <summary>Makes the loss, its critic and the critic's optimizer.</summary>
    /// <param name="width">Number of channels of the style, the sum of those of the levels it is taken from; at least 1.</param>
    /// <param name="spatialDimensions">3 for volumes, 2 for slices.</param>
    /// <param name="options">Levels, critic and optimizer; null for the defaults.</param>
    /// <param name="device">The student's device; null for the CPU. It cannot be changed later, because the optimizer holds the parameters.</param>
    /// <exception cref="ArgumentException">A number or an option is out of range; the message lists every fault.</exception>
    public StyleAdversarialLoss(int width, int spatialDimensions = 3, StyleAdversarialOptions? options = null, Device? device = null)
    {
        _options = options ?? new StyleAdversarialOptions();
        _adversary = new DomainAdversary(
            nameof(StyleAdversarialLoss),
            width,
            spatialDimensions,
            _options.Faults(),
            Enumerable.Range(0, Math.Max(0, _options.StridedConvolutions)).Select(layer => ((long)_options.Width << layer, 2L)),
            lastStride: 1,
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

    /// <summary>What the critic minimizes: it learns to tell the student's styles from the teacher's.</summary>
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
    public override string ToString() => $"{nameof(StyleAdversarialLoss)} {_adversary} {JsonSerializer.Serialize(_options)}";

    private Tensor MapOf(NetworkOutput output) => StyleFeatures.Of(output, _options.DeepestLevels);
}
