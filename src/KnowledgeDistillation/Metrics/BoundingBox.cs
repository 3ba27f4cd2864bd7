namespace KnowledgeDistillation.Metrics;

/// <summary>The smallest box of voxels around a region; its size is 0 along each axis where the region is empty.</summary>
internal readonly record struct BoundingBox(int MinX, int MinY, int MinZ, int SizeX, int SizeY, int SizeZ)
{
    public int VoxelCount => SizeX * SizeY * SizeZ;

    public static BoundingBox Of(VoxelMask mask)
    {
        if (mask.IsEmpty)
            return default;
        int minX = int.MaxValue, minY = int.MaxValue, minZ = int.MaxValue, maxX = -1, maxY = -1, maxZ = -1;
        for (int z = 0; z < mask.SizeZ; z++)
        {
            for (int y = 0; y < mask.SizeY; y++)
            {
                ReadOnlySpan<byte> row = mask.Voxels.Slice((y + (z * mask.SizeY)) * mask.SizeX, mask.SizeX);
                int first = row.IndexOf((byte)1);
                if (first < 0)
                    continue;
                (minX, maxX) = (Math.Min(minX, first), Math.Max(maxX, row.LastIndexOf((byte)1)));
                (minY, maxY) = (Math.Min(minY, y), Math.Max(maxY, y));
                (minZ, maxZ) = (Math.Min(minZ, z), z);
            }
        }
        return new BoundingBox(minX, minY, minZ, maxX - minX + 1, maxY - minY + 1, maxZ - minZ + 1);
    }

    public BoundingBox Union(BoundingBox other)
    {
        if (VoxelCount == 0)
            return other;
        if (other.VoxelCount == 0)
            return this;
        (int minX, int minY, int minZ) = (Math.Min(MinX, other.MinX), Math.Min(MinY, other.MinY), Math.Min(MinZ, other.MinZ));
        return new BoundingBox(
            minX,
            minY,
            minZ,
            Math.Max(MinX + SizeX, other.MinX + other.SizeX) - minX,
            Math.Max(MinY + SizeY, other.MinY + other.SizeY) - minY,
            Math.Max(MinZ + SizeZ, other.MinZ + other.SizeZ) - minZ);
    }
}
