namespace KnowledgeDistillation.OnnxRuntime;

/// <summary>Blocks of voxels of volumes in plain arrays, the last axis fastest.</summary>
internal static class VoxelBlock
{
    /// <summary>Cuts out a block; what lies beyond the volume is 0.</summary>
    /// <param name="volume">The volume.</param>
    /// <param name="size">Its three lengths.</param>
    /// <param name="corner">The first voxel of the block, which may lie before the volume.</param>
    /// <param name="block">The three lengths of the block.</param>
    public static float[] Cut(float[] volume, long[] size, IReadOnlyList<long> corner, long[] block)
    {
        if (size.AsSpan().SequenceEqual(block) && corner.All(length => length == 0))
            return volume;
        float[] result = new float[block[0] * block[1] * block[2]];
        (long from, long to) = (Math.Max(0, corner[2]), Math.Min(size[2], corner[2] + block[2]));
        for (long z = Math.Max(0, corner[0]); z < Math.Min(size[0], corner[0] + block[0]) && from < to; z++)
        {
            for (long y = Math.Max(0, corner[1]); y < Math.Min(size[1], corner[1] + block[1]); y++)
            {
                long source = (((z * size[1]) + y) * size[2]) + from;
                long target = ((((z - corner[0]) * block[1]) + (y - corner[1])) * block[2]) + (from - corner[2]);
                volume.AsSpan((int)source, (int)(to - from)).CopyTo(result.AsSpan((int)target));
            }
        }

        return result;
    }

    /// <summary>Adds weights, or their product with values, to a block that lies within a volume.</summary>
    /// <param name="volume">The volume that is added to.</param>
    /// <param name="size">Its three lengths.</param>
    /// <param name="corner">The first voxel of the block.</param>
    /// <param name="block">The three lengths of the block.</param>
    /// <param name="weights">One number per voxel of the block.</param>
    /// <param name="values">One number per voxel of the block; null for ones.</param>
    public static void AddProduct(float[] volume, long[] size, long[] corner, long[] block, float[] weights, float[]? values)
    {
        for (long z = 0; z < block[0]; z++)
        {
            for (long y = 0; y < block[1]; y++)
            {
                Span<float> row = volume.AsSpan((int)(((((z + corner[0]) * size[1]) + y + corner[1]) * size[2]) + corner[2]), (int)block[2]);
                int first = (int)(((z * block[1]) + y) * block[2]);
                ReadOnlySpan<float> weightRow = weights.AsSpan(first, row.Length);
                if (values is null)
                {
                    for (int x = 0; x < row.Length; x++)
                        row[x] += weightRow[x];
                    continue;
                }

                ReadOnlySpan<float> valueRow = values.AsSpan(first, row.Length);
                for (int x = 0; x < row.Length; x++)
                    row[x] += weightRow[x] * valueRow[x];
            }
        }
    }
}
