namespace KnowledgeDistillation.Metrics;

/// <summary>The smallest box of voxels around a region; its size is 0 along each axis where the region is empty.</summary>
internal readonly record struct BoundingBox(int MinX, int MinY, int MinZ, VolumeSize Size)
{
    public static BoundingBox Of(VoxelMask mask)
    {
        if (mask.IsEmpty)
            return default;
        int minX = int.MaxValue, minY = int.MaxValue, minZ = int.MaxValue, maxX = -1, maxY = -1, maxZ = -1;
        for (int z = 0; z < mask.Size.Z; z++)
        {
            for (int y = 0; y < mask.Size.Y; y++)
            {
                ReadOnlySpan<byte> row = mask.Voxels.Slice(mask.Size.IndexOf(0, y, z), mask.Size.X);
                int first = row.IndexOf((byte)1);
                if (first < 0)
                    continue;
                (minX, maxX) = (Math.Min(minX, first), Math.Max(maxX, row.LastIndexOf((byte)1)));
                (minY, maxY) = (Math.Min(minY, y), Math.Max(maxY, y));
                (minZ, maxZ) = (Math.Min(minZ, z), z);
            }
        }
        return new BoundingBox(minX, minY, minZ, new VolumeSize(maxX - minX + 1, maxY - minY + 1, maxZ - minZ + 1));
    }

    public BoundingBox Union(BoundingBox other)
    {
        if (Size.VoxelCount == 0)
            return other;
        if (other.Size.VoxelCount == 0)
            return this;
        (int minX, int minY, int minZ) = (Math.Min(MinX, other.MinX), Math.Min(MinY, other.MinY), Math.Min(MinZ, other.MinZ));
        return new BoundingBox(
            minX,
            minY,
            minZ,
            new VolumeSize(
                Math.Max(MinX + Size.X, other.MinX + other.Size.X) - minX,
                Math.Max(MinY + Size.Y, other.MinY + other.Size.Y) - minY,
                Math.Max(MinZ + Size.Z, other.MinZ + other.Size.Z) - minZ));
    }
}
