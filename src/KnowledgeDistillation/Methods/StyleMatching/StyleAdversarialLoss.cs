using System.Text.Json;
using KnowledgeDistillation.Methods.AdversarialCoTraining;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.StyleMatching;

/// <summary>
/// The adversarial term of SMU-Net (Azad et al. 2022): the critic sees the style, the deepest levels of the encoder at the resolution of the bottleneck,
/// and the student's is to be taken for the teacher's.
/// </summary>
/// <remarks>Teacher and student must have the same widths. See <see cref="DomainAdversarialLoss"/>.</remarks>
public sealed class StyleAdversarialLoss : DomainAdversarialLoss
{
    private readonly StyleAdversarialOptions _options;

    /// <summary>Makes the loss, its critic and the critic's optimizer.</summary>
    /// <param name="width">Number of channels of the style, the sum of those of the levels it is taken from; at least 1.</param>
    /// <param name="spatialDimensions">3 for volumes, 2 for slices.</param>
    /// <param name="options">Levels, critic and optimizer; null for the defaults.</param>
    /// <param name="device">The student's device; null for the CPU. It cannot be changed later, because the optimizer holds the parameters.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public StyleAdversarialLoss(int width, int spatialDimensions = 3, StyleAdversarialOptions? options = null, Device? device = null)
        : this(options ?? new StyleAdversarialOptions(), width, spatialDimensions, device)
    {
    }

    private StyleAdversarialLoss(StyleAdversarialOptions options, int width, int spatialDimensions, Device? device)
        : base(
            nameof(StyleAdversarialLoss),
            spatialDimensions,
            width,
            options.Faults(),
            Enumerable.Range(0, Math.Max(0, options.StridedConvolutions)).Select(layer => ((long)options.Width << layer, 2L)),
            lastStride: 1,
            options.LearningRate,
            device) => _options = options;

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(StyleAdversarialLoss)} {Size} {JsonSerializer.Serialize(_options)}";

    private protected override Tensor MapOf(NetworkOutput output, LabelScheme labels) => StyleFeatures.Of(output, _options.DeepestLevels);
}
