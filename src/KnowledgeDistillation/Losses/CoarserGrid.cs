using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>A reference in the resolution of a coarser level: of each block the voxel of its lowest corner, as in nnU-Net.</summary>
internal static class CoarserGrid
{
    /// <summary>Takes every so many voxels along each axis.</summary>
    /// <param name="fine">Values [..., spatial...].</param>
    /// <param name="size">The wanted spatial size, each length of which divides that of <paramref name="fine"/>.</param>
    /// <param name="name">What is in that resolution, for messages.</param>
    /// <exception cref="ArgumentException">The sizes do not fit.</exception>
    public static Tensor Of(Tensor fine, ReadOnlySpan<long> size, string name)
    {
        int firstAxis = (int)fine.dim() - size.Length;
        for (int axis = 0; axis < size.Length; axis++)
        {
            long length = fine.shape[firstAxis + axis];
            if (size[axis] < 1 || length % size[axis] != 0)
            {
                throw new ArgumentException($"{name}, [{string.Join(", ", size.ToArray())}], do not fit the reference "
                    + $"[{string.Join(", ", fine.shape)}]: each of its lengths must be a multiple of theirs.");
            }

            if (length != size[axis])
                fine = fine.slice(firstAxis + axis, 0, length, length / size[axis]);
        }

        return fine;
    }
}
