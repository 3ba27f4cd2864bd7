using System.Text.Json;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.AdversarialCoTraining;

/// <summary>
/// The knowledge adversarial term of ACN (Wang et al. 2021): the critic sees the features of the bottleneck, so that the student's come to be
/// distributed as the teacher's without having to be equal to them.
/// </summary>
/// <remarks>Teacher and student must have the same number of channels there. See <see cref="DomainAdversarialLoss"/>.</remarks>
public sealed class KnowledgeAdversarialLoss : DomainAdversarialLoss
{
    private readonly KnowledgeAdversarialOptions _options;

    /// <summary>Makes the loss, its critic and the critic's optimizer.</summary>
    /// <param name="width">Number of channels of the features, at least 1.</param>
    /// <param name="spatialDimensions">3 for volumes, 2 for slices.</param>
    /// <param name="options">Level, critic and optimizer; null for the defaults.</param>
    /// <param name="device">The student's device; null for the CPU. It cannot be changed later, because the optimizer holds the parameters.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public KnowledgeAdversarialLoss(int width, int spatialDimensions = 3, KnowledgeAdversarialOptions? options = null, Device? device = null)
        : this(options ?? new KnowledgeAdversarialOptions(), width, spatialDimensions, device)
    {
    }

    private KnowledgeAdversarialLoss(KnowledgeAdversarialOptions options, int width, int spatialDimensions, Device? device)
        : base(
            nameof(KnowledgeAdversarialLoss),
            spatialDimensions,
            width,
            options.Faults(),
            [(options.Width, 1), (2L * options.Width, 1)],
            lastStride: 2,
            options.LearningRate,
            device) => _options = options;

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(KnowledgeAdversarialLoss)} {Size} {JsonSerializer.Serialize(_options)}";

    private protected override Tensor MapOf(NetworkOutput output, LabelScheme labels) =>
        ReducedPrecision.Widen(EncodedFeatures.Of(output, "network", _options.LevelsAboveBottleneck));
}
