using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Volumes;

/// <summary>A permutation and reversal of the voxel axes of one grid: the grid that results, and the move of the voxels.</summary>
internal sealed class Reorientation
{
    private readonly long start;
    private readonly int strideX, strideY, strideZ;

    public Reorientation(VolumeGrid source, Orientation orientation)
    {
        int[] sizes = [source.Size.X, source.Size.Y, source.Size.Z];
        int[] strides = [1, source.Size.X, source.Size.X * source.Size.Y];
        Affine a = source.Affine;
        double[][] columns = [[a.M11, a.M21, a.M31], [a.M12, a.M22, a.M32], [a.M13, a.M23, a.M33]];
        double[] origin = [a.M14, a.M24, a.M34];

        (int Axis, bool Reversed)[] moves = orientation.MovesFrom(source.Orientation);
        int[] newSizes = new int[3], newStrides = new int[3];
        double[][] newColumns = new double[3][];
        for (int axis = 0; axis < 3; axis++)
        {
            (int from, bool reversed) = moves[axis];
            newSizes[axis] = sizes[from];
            newStrides[axis] = reversed ? -strides[from] : strides[from];
            // 0 - value rather than -value: a zero stays a positive zero.
            newColumns[axis] = reversed ? [.. columns[from].Select(value => 0 - value)] : columns[from];
            if (reversed)
            {
                start += (long)(sizes[from] - 1) * strides[from];
                for (int world = 0; world < 3; world++)
                    origin[world] += columns[from][world] * (sizes[from] - 1);
            }
        }
        (strideX, strideY, strideZ) = (newStrides[0], newStrides[1], newStrides[2]);
        Target = new VolumeGrid(new VolumeSize(newSizes[0], newSizes[1], newSizes[2]), new Affine(
            newColumns[0][0], newColumns[1][0], newColumns[2][0], origin[0],
            newColumns[0][1], newColumns[1][1], newColumns[2][1], origin[1],
            newColumns[0][2], newColumns[1][2], newColumns[2][2], origin[2]));
    }

    public VolumeGrid Target { get; }

    /// <summary>Whether the voxels of a row of the target lie side by side in the source too, in either direction.</summary>
    public bool KeepsRows => strideX is 1 or -1;

    /// <summary>Whether such a row runs the other way in the source.</summary>
    public bool ReversesRows => strideX == -1;

    /// <summary>The position in the source of the first voxel of a row of the target.</summary>
    public int RowStart(int y, int z) => (int)(start + ((long)y * strideY) + ((long)z * strideZ));

    public T[] Apply<T>(ReadOnlySpan<T> voxels)
    {
        (int sizeX, int sizeY, int sizeZ) = Target.Size;
        T[] result = GC.AllocateUninitializedArray<T>(voxels.Length);
        for (int z = 0; z < sizeZ; z++)
        {
            for (int y = 0; y < sizeY; y++)
            {
                Span<T> row = result.AsSpan(Target.IndexOf(0, y, z), sizeX);
                int from = RowStart(y, z);
                switch (strideX)
                {
                    case 1:
                        voxels.Slice(from, sizeX).CopyTo(row);
                        break;
                    case -1:
                        voxels.Slice(from - sizeX + 1, sizeX).CopyTo(row);
                        row.Reverse();
                        break;
                    default:
                        for (int x = 0; x < row.Length; x++, from += strideX)
                            row[x] = voxels[from];
                        break;
                }
            }
        }
        return result;
    }
}
