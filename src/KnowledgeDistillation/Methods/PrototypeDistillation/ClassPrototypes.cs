using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.PrototypeDistillation;

/// <summary>The prototypes of classes, and how similar the features of each voxel are to each of them.</summary>
internal sealed class ClassPrototypes
{
    // As in the released code of ProtoKD: voxels whose features are all but 0 have no direction.
    private const double SmallestNorm = 1e-5;

    private readonly Tensor _members;
    private readonly Tensor _sizes;
    private readonly Tensor _counted;
    private readonly Tensor _compared;

    /// <param name="target">Which voxels belong to a class, zeros and ones [N, K, spatial...].</param>
    /// <param name="ignored">Voxels that belong to none, booleans [N, spatial...]; null for none.</param>
    public ClassPrototypes(Tensor target, Tensor? ignored)
    {
        Tensor members = target.to(ScalarType.Float32).flatten(2);
        _counted = ignored is null ? ones([members.shape[0], 1, members.shape[2]], device: members.device)
            : ignored.flatten(1).unsqueeze(1).logical_not().to(ScalarType.Float32);
        _members = ignored is null ? members : members * _counted;
        _sizes = _members.sum([2], keepdim: true);
        Tensor present = _sizes.IsAbove(0).to(ScalarType.Float32);
        // How often a sample is compared: once for each class that it has, at each voxel that counts.
        _compared = (present.sum([1, 2]) * _counted.sum([1, 2])).AtLeast(1);
        _counted = _counted * present;
    }

    /// <summary>The cosine of the features of each voxel and the prototype of each class, the mean of the features of its voxels.</summary>
    /// <param name="features">[N, C, spatial...], the spatial size that of the target.</param>
    /// <returns>[N, K, V] in [−1, 1]; without meaning for classes that a sample does not have.</returns>
    public Tensor Similarity(Tensor features)
    {
        Tensor voxels = ReducedPrecision.Widen(features).flatten(2);
        Tensor members = _members.to(voxels.dtype);
        Tensor prototypes = members.matmul(voxels.transpose(1, 2)) / _sizes.AtLeast(1);
        return Unit(prototypes, 2).matmul(Unit(voxels, 1));
    }

    /// <summary>The mean over classes that a sample has and voxels that count, [N]; 0 where there are none.</summary>
    /// <param name="values">[N, K, V].</param>
    public Tensor Mean(Tensor values) => (values * _counted.to(values.dtype)).sum([1, 2]) / _compared;

    private static Tensor Unit(Tensor vectors, long dimension) => nn.functional.normalize(vectors, p: 2, dim: dimension, eps: SmallestNorm);
}
