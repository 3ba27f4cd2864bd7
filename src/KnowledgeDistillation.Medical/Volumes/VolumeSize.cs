namespace KnowledgeDistillation.Medical.Volumes;

/// <summary>A number of voxels along x, y and z.</summary>
public readonly record struct VolumeSize(int X, int Y, int Z)
{
    /// <summary>The same number of voxels along each axis.</summary>
    public static VolumeSize Cube(int edge) => new(edge, edge, edge);

    /// <summary>Number of voxels in all.</summary>
    public int VoxelCount => checked(X * Y * Z);

    /// <summary>For example "240×240×155".</summary>
    public override string ToString() => $"{X}×{Y}×{Z}";
}
