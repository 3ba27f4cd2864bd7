using System.Text.Json;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.StyleMatching;

/// <summary>
/// The content term of SMU-Net (Azad et al. 2022): the mean squared difference of the contents of teacher and student, their bottlenecks. Both are moved by it,
/// unlike by <see cref="FeatureMatching.FeatureMatchingLoss"/>, in which the teacher stays.
/// </summary>
/// <remarks>Needs equal shapes. Does not grow with the volume. Zero where the student is as the teacher. Computed in float32 or wider.</remarks>
public sealed class ContentMatchingLoss : IDistillationLoss
{
    private readonly ContentMatchingOptions _options;

    /// <summary>Makes the loss.</summary>
    /// <param name="options">Level and reduction; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public ContentMatchingLoss(ContentMatchingOptions? options = null)
    {
        _options = options ?? new ContentMatchingOptions();
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
    /// <param name="teacher">The teacher's features, of the same shape; a gradient flows into them, too.</param>
    /// <returns>A scalar, at least 0.</returns>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public Tensor Compute(Tensor student, Tensor teacher)
    {
        LossShapes.RequireSame(student, "student's features", teacher, "teacher's features");
        return _options.Reduction.Apply((ReducedPrecision.Widen(student) - ReducedPrecision.Widen(teacher)).Squared().flatten(1).mean([1]));
    }

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(ContentMatchingLoss)} {JsonSerializer.Serialize(_options)}";
}
