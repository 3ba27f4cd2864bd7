using System.Text.Json;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.FeatureMatching;

/// <summary>
/// The mean squared difference of the student's and the teacher's features, over channels and voxels: the hint of FitNets (Romero et al.
/// 2015, eq. 3) between networks of equal width.
/// Where widths differ, use <see cref="AdaptedFeatureMatchingLoss"/>.
/// </summary>
/// <remarks>Does not grow with the volume. Zero where the features are equal. Computed in float32 or wider.</remarks>
public sealed class FeatureMatchingLoss : IDistillationLoss
{
    private readonly FeatureMatchingOptions _options;

    /// <summary>Makes the loss.</summary>
    /// <param name="options">Level and reduction; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public FeatureMatchingLoss(FeatureMatchingOptions? options = null)
    {
        _options = options ?? new FeatureMatchingOptions();
        _options.Faults().ThrowIfAny();
    }

    /// <inheritdoc/>
    public Tensor Compute(DistillationContext context)
    {
        (Tensor student, Tensor teacher) = EncodedFeatures.Of(context, _options.LevelsAboveBottleneck);
        return Compute(student, teacher);
    }

    /// <summary>Computes the loss from features, for a training loop of your own.</summary>
    /// <param name="student">The student's features, [N, C, spatial...].</param>
    /// <param name="teacher">The teacher's features of the same shape; no gradient flows into them.</param>
    /// <returns>A scalar, at least 0.</returns>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public Tensor Compute(Tensor student, Tensor teacher)
    {
        ArgumentNullException.ThrowIfNull(student);
        ArgumentNullException.ThrowIfNull(teacher);
        if (!student.shape.SequenceEqual(teacher.shape))
        {
            throw new ArgumentException(
                $"The student's features [{string.Join(", ", student.shape)}] and the teacher's [{string.Join(", ", teacher.shape)}] must have the same shape: "
                + $"where only the number of channels differs, use {nameof(AdaptedFeatureMatchingLoss)}; otherwise compare levels of the same resolution.");
        }

        Tensor difference = ReducedPrecision.Widen(student) - ReducedPrecision.Widen(teacher.detach());
        return _options.Reduction.Apply(difference.Squared().flatten(1).mean([1]));
    }

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(FeatureMatchingLoss)} {JsonSerializer.Serialize(_options)}";
}
