using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>How much of a volume each class takes.</summary>
internal static class ClassShares
{
    /// <summary>The share of each channel of the reference in the voxels of its sample that are not ignored.</summary>
    /// <param name="target">The reference [N, K, spatial...].</param>
    /// <param name="ignored">Booleans [N, spatial...]; null where no voxel is ignored.</param>
    /// <returns>[N, K, 1...] in [0, 1].</returns>
    public static Tensor Of(Tensor target, Tensor? ignored)
    {
        long[] spatial = [.. Enumerable.Range(2, (int)target.dim() - 2).Select(axis => (long)axis)];
        if (ignored is null)
            return target.mean(spatial, keepdim: true);
        Tensor counted = ignored.logical_not().unsqueeze(1).to(target.dtype);
        return (target * counted).sum(spatial, keepdim: true) / counted.sum(spatial, keepdim: true).AtLeast(1);
    }
}
