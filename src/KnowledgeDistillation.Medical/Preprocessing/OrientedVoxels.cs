using KnowledgeDistillation.Medical.Volumes;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>Voxels in another orientation, read row by row. A reoriented copy is made only where the rows of the file run along another axis.</summary>
internal sealed class OrientedVoxels
{
    private readonly StoredVoxels _voxels;
    private readonly Reorientation _orientation;

    private OrientedVoxels(StoredVoxels voxels, Reorientation orientation) => (_voxels, _orientation) = (voxels, orientation);

    public VolumeGrid Grid => _orientation.Target;

    public static OrientedVoxels OfImage(StoredVoxels voxels, Reorientation orientation)
    {
        if (orientation.KeepsRows)
            return new OrientedVoxels(voxels, orientation);
        float[] values = GC.AllocateUninitializedArray<float>(orientation.Target.VoxelCount);
        voxels.ReadFloats(0, values);
        return new OrientedVoxels(StoredVoxels.Of(orientation.Apply<float>(values)), Unchanged(orientation));
    }

    public static OrientedVoxels OfLabels(StoredVoxels voxels, Reorientation orientation)
    {
        if (orientation.KeepsRows)
            return new OrientedVoxels(voxels, orientation);
        int[] values = GC.AllocateUninitializedArray<int>(orientation.Target.VoxelCount);
        voxels.ReadLabels(0, values);
        return new OrientedVoxels(StoredVoxels.Of(orientation.Apply<int>(values)), Unchanged(orientation));
    }

    /// <summary>Voxels that lie as the grid says.</summary>
    public static OrientedVoxels Of(float[] values, VolumeGrid grid) => new(StoredVoxels.Of(values), new Reorientation(grid, grid.Orientation));

    /// <inheritdoc cref="Of(float[], VolumeGrid)"/>
    public static OrientedVoxels Of(byte[] values, VolumeGrid grid) => new(StoredVoxels.Of(values), new Reorientation(grid, grid.Orientation));

    /// <summary>All voxels in the order in which they lie in memory, if they are 16-bit integers; else none.</summary>
    public ReadOnlySpan<short> Int16 => _voxels.Int16;

    /// <summary>Reads the voxels from <paramref name="fromX"/> on, as many as there is room for.</summary>
    public void ReadRow(int y, int z, int fromX, Span<float> row)
    {
        _voxels.ReadFloats(Position(y, z, fromX, row.Length), row);
        if (_orientation.ReversesRows)
            row.Reverse();
    }

    public void ReadRow(int y, int z, Span<int> row)
    {
        _voxels.ReadLabels(Position(y, z, 0, row.Length), row);
        if (_orientation.ReversesRows)
            row.Reverse();
    }

    public bool IsZeroRow(int y, int z) => _voxels.IsZero(Position(y, z, 0, Grid.Size.X), Grid.Size.X);

    private static Reorientation Unchanged(Reorientation orientation) => new(orientation.Target, orientation.Target.Orientation);

    private int Position(int y, int z, int fromX, int count) => _orientation.ReversesRows
        ? _orientation.RowStart(y, z) - fromX - count + 1
        : _orientation.RowStart(y, z) + fromX;
}
