using System.Text.Json;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.StructuredDistillation;

/// <summary>
/// The pair-wise term of structured distillation (Liu et al. 2019): features are averaged over patches, the nodes;
/// each node's vector f_i is divided by its Euclidean norm; the affinity of two nodes is a_ij = f_iᵀ f_j; the loss is the mean of (a^s_ij − a^t_ij)² over all
/// pairs of nodes of a sample. Numbers of channels may differ.
/// </summary>
/// <remarks>
/// A mean over pairs of values in [−1, 1], so it lies in [0, 4] and does not grow with the volume. Zero where the affinities are equal,
/// as they are for the features of a network and a rotated copy of them.
/// Memory grows with the square of the nodes, which <see cref="PairWiseOptions.MaximumNodes"/> bounds. Computed in float32 or wider.
/// </remarks>
public sealed class PairWiseLoss : IDistillationLoss
{
    private const double SmallestNorm = 1e-12;

    private readonly PairWiseOptions _options;

    /// <summary>Makes the loss.</summary>
    /// <param name="options">Level, patches and reduction; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range; the message lists every fault.</exception>
    public PairWiseLoss(PairWiseOptions? options = null)
    {
        _options = options ?? new PairWiseOptions();
        _options.Faults().ThrowIfAny();
    }

    /// <inheritdoc/>
    public Tensor Compute(DistillationContext context)
    {
        (Tensor student, Tensor teacher) = EncodedFeatures.Of(context, _options.LevelsAboveBottleneck);
        return Compute(student, teacher);
    }

    /// <summary>Computes the loss from features, for a training loop of your own.</summary>
    /// <param name="student">The student's features, [N, C, spatial...] with one to three spatial dimensions.</param>
    /// <param name="teacher">The teacher's features, of the same batch and spatial size; no gradient flows into them.</param>
    /// <returns>A scalar, at least 0.</returns>
    /// <exception cref="ArgumentException">Batch or spatial sizes differ, or there are more than three spatial dimensions or none.</exception>
    public Tensor Compute(Tensor student, Tensor teacher)
    {
        LossShapes.RequireSameGrid(student, teacher);
        return _options.Reduction.Apply((Affinity(teacher.detach()) - Affinity(student)).Squared().flatten(1).mean([1]));
    }

    /// <summary>The name and all options: a resumed fit compares it with that of the fit it continues.</summary>
    public override string ToString() => $"{nameof(PairWiseLoss)} {JsonSerializer.Serialize(_options)}";

    private Tensor Affinity(Tensor features)
    {
        Tensor volume = SpatialPooling.AsVolume(ReducedPrecision.Widen(features));
        Tensor patches = PatchLength(volume) is long length && length > 1 ? SpatialPooling.PatchMean(volume, length) : volume;
        Tensor nodes = nn.functional.normalize(patches.flatten(2), p: 2, dim: 1, eps: SmallestNorm);
        return nodes.transpose(1, 2).matmul(nodes);
    }

    private long PatchLength(Tensor volume)
    {
        long length = _options.PatchLength;
        while (SpatialPooling.PatchCount(volume, length) > _options.MaximumNodes)
            length++;
        return length;
    }
}
