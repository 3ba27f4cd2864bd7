using System.Text.Json;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.PrototypeDistillation;

/// <summary>
/// The prototype term of ProtoKD (Wang et al. 2023): the prototype of a class is the mean of the features of its voxels, as the reference says; the similarity
/// s_k(v) is the cosine of the features of voxel v and the prototype of class k, which holds both how a voxel lies within its class and how it lies to the
/// others; the loss is the mean of (s_k^student(v) − s_k^teacher(v))² over classes and voxels. Numbers of channels may differ.
/// With overlapping regions each region has a prototype.
/// </summary>
/// <remarks>
/// In [0, 4], and does not grow with the volume. Zero where the similarities are equal, as they are for the features of a network and a rotated copy of them.
/// A class that a sample does not have is left out of its mean; the released code leaves a class out that one sample of the batch lacks.
/// Gradients flow through the student's prototypes as well. Computed in float32 or wider.
/// </remarks>
public sealed class PrototypeLoss : IDecoderFeatureLoss
{
    private readonly PrototypeOptions _options;

    /// <summary>Makes the loss.</summary>
    /// <param name="options">Features and reduction; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public PrototypeLoss(PrototypeOptions? options = null)
    {
        _options = options ?? new PrototypeOptions();
        _options.Faults().ThrowIfAny();
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> StudentFeatures => [_options.StudentFeatures];

    /// <inheritdoc/>
    public IReadOnlyList<string> TeacherFeatures => [_options.TeacherFeatures];

    /// <inheritdoc/>
    public Tensor Compute(DistillationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return Compute(
            DecodedFeatures.Of(context.Student, "student", _options.StudentFeatures, nameof(PrototypeLoss)),
            DecodedFeatures.Of(context.Teacher, "teacher", _options.TeacherFeatures, nameof(PrototypeLoss)),
            context.Target,
            context.IgnoredVoxels);
    }

    /// <summary>Computes the loss from features, for a training loop of your own.</summary>
    /// <param name="student">The student's features, [N, C, spatial...].</param>
    /// <param name="teacher">The teacher's features, of the same batch and spatial size; no gradient flows into them.</param>
    /// <param name="target">The reference, zeros and ones [N, K, spatial...] of the same spatial size (<see cref="LabelScheme.Encode(Tensor)"/>).</param>
    /// <param name="ignored">Voxels that do not count, booleans [N, spatial...]; null (the default) for none.</param>
    /// <returns>A scalar in [0, 4].</returns>
    /// <exception cref="ArgumentException">Batch or spatial sizes differ.</exception>
    public Tensor Compute(Tensor student, Tensor teacher, Tensor target, Tensor? ignored = null)
    {
        LossShapes.RequireSameGrid(student, teacher);
        LossShapes.RequireGridOf(target, student);
        var prototypes = new ClassPrototypes(target, ignored);
        Tensor difference = prototypes.Similarity(student) - prototypes.Similarity(teacher.detach());
        return _options.Reduction.Apply(prototypes.Mean(difference.Squared()));
    }

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(PrototypeLoss)} {JsonSerializer.Serialize(_options)}";
}
