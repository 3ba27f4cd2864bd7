namespace KnowledgeDistillation.Metrics;

/// <summary>
/// A number of voxels along x, y and z. Voxels are stored with x fastest, so the array of a volume read as a C-order tensor has the
/// shape [Z, Y, X] = [D, H, W].
/// </summary>
/// <param name="X">Number of voxels along x, the fastest axis in memory.</param>
/// <param name="Y">Number of voxels along y.</param>
/// <param name="Z">Number of voxels along z, the slowest axis in memory.</param>
public readonly record struct VolumeSize(int X, int Y, int Z)
{
    /// <summary>The same number of voxels along each axis.</summary>
    public static VolumeSize Cube(int edge) => new(edge, edge, edge);

    /// <summary>Number of voxels in all.</summary>
    /// <exception cref="OverflowException">It does not fit 32 bits.</exception>
    public int VoxelCount => checked(X * Y * Z);

    /// <summary>For example "240×240×155".</summary>
    public override string ToString() => $"{X}×{Y}×{Z}";

    /// <summary>The position of voxel (x, y, z) in an array of all voxels.</summary>
    public int IndexOf(int x, int y, int z) => x + (X * (y + (Y * z)));

    /// <summary>Refuses sizes that no array of voxels can have.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A size is less than 1, or the voxels are more than an array can hold.</exception>
    internal void Validate(string parameter)
    {
        if (X < 1 || Y < 1 || Z < 1 || (Int128)X * Y * Z > Array.MaxLength)
        {
            throw new ArgumentOutOfRangeException(
                parameter, this, $"A volume has at least 1 voxel along each axis and at most {Array.MaxLength:N0} in all.");
        }
    }
}
