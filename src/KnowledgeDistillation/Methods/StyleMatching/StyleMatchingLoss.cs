using System.Text.Json;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.StyleMatching;

/// <summary>
/// The style term of SMU-Net (Azad et al. 2022, after Gatys et al. 2016): ¼ of the mean over all pairs of channels of (G_t − G_s)², where G_ij, the Gram
/// matrix of a sample, is the mean over voxels of F_i F_j and F the style, the deepest levels of the encoder at the resolution of the bottleneck.
/// Both networks are moved by it.
/// </summary>
/// <remarks>
/// Which channels are large together, wherever that is. Needs equal widths. Does not grow with the volume. Zero where the student is as the teacher.
/// Memory grows with the square of the channels. Computed in float32 or wider.
/// </remarks>
public sealed class StyleMatchingLoss : IDistillationLoss
{
    private readonly StyleMatchingOptions _options;

    /// <summary>Makes the loss.</summary>
    /// <param name="options">Levels and reduction; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public StyleMatchingLoss(StyleMatchingOptions? options = null)
    {
        _options = options ?? new StyleMatchingOptions();
        _options.Faults().ThrowIfAny();
    }

    /// <inheritdoc/>
    public Tensor Compute(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return Compute(StyleFeatures.Of(context.Student, _options.DeepestLevels), StyleFeatures.Of(context.Teacher, _options.DeepestLevels));
    }

    /// <summary>Computes the loss from features, for a training loop of your own.</summary>
    /// <param name="student">The student's features, [N, C, spatial...].</param>
    /// <param name="teacher">The teacher's features, of the same shape; a gradient flows into them, too.</param>
    /// <returns>A scalar, at least 0.</returns>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public Tensor Compute(Tensor student, Tensor teacher)
    {
        LossShapes.RequireSame(student, "student's features", teacher, "teacher's features");
        return _options.Reduction.Apply((Gram(student) - Gram(teacher)).Squared().flatten(1).mean([1])).Over(4);
    }

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(StyleMatchingLoss)} {JsonSerializer.Serialize(_options)}";

    private static Tensor Gram(Tensor features)
    {
        Tensor flat = ReducedPrecision.Widen(features).flatten(2);
        // Divided before they are multiplied, so that sums of large features stay finite.
        Tensor scaled = flat.Over(Math.Sqrt(flat.shape[2]));
        return scaled.matmul(scaled.transpose(1, 2));
    }
}
