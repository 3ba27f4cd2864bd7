using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>
/// Where a preprocessed case lies in the volume that it came from; what is needed to bring a prediction back. The steps were:
/// reorientation to RAS, resampling to a spacing where one is asked for, crop or pad, subsampling.
/// </summary>
/// <remarks>Immutable and safe to share between threads.</remarks>
public sealed record PreprocessingGeometry
{
    /// <summary>Describes a crop.</summary>
    /// <param name="nativeGrid">The grid of the input files.</param>
    /// <param name="cropOffset">The first voxel of the crop in the volume in RAS orientation; negative where it was padded.</param>
    /// <param name="cropSize">The size of the crop before subsampling.</param>
    /// <param name="subsamplingFactor">The edge of the block of voxels that became one.</param>
    /// <param name="spacing">The size of the voxels among which the crop was taken; null for that of the input files.</param>
    public PreprocessingGeometry(
        VolumeGrid nativeGrid, (int X, int Y, int Z) cropOffset, VolumeSize cropSize, int subsamplingFactor, Spacing? spacing = null)
    {
        ArgumentNullException.ThrowIfNull(nativeGrid);
        ArgumentOutOfRangeException.ThrowIfLessThan(subsamplingFactor, 1);
        (NativeGrid, CropOffset, CropSize, SubsamplingFactor, Spacing) = (nativeGrid, cropOffset, cropSize, subsamplingFactor, spacing);
        Size = new VolumeSize(cropSize.X / subsamplingFactor, cropSize.Y / subsamplingFactor, cropSize.Z / subsamplingFactor);
    }

    /// <summary>The grid of the input files.</summary>
    public VolumeGrid NativeGrid { get; }

    /// <summary>
    /// The first voxel of the crop in the volume in RAS orientation, and with voxels of <see cref="Spacing"/> where it is set; negative where it was padded.
    /// </summary>
    public (int X, int Y, int Z) CropOffset { get; }

    /// <summary>The size of the crop before subsampling.</summary>
    public VolumeSize CropSize { get; }

    /// <summary>The edge of the block of voxels that became one.</summary>
    public int SubsamplingFactor { get; }

    /// <summary>The size of the voxels, along right, anterior and superior, among which the crop was taken; null for that of the input files.</summary>
    public Spacing? Spacing { get; }

    /// <summary>The size after subsampling: that of the network's input. As a tensor [Z, Y, X] = [D, H, W].</summary>
    public VolumeSize Size { get; }

    /// <summary>The grid of the crop before subsampling, in the world of the input.</summary>
    public VolumeGrid CropGrid => GridOf(1, CropSize);

    /// <summary>The grid of the network's input and output, in the world of the input; its voxels lie at the centers of the blocks.</summary>
    public VolumeGrid Grid => GridOf(SubsamplingFactor, Size);

    /// <summary>
    /// Puts values of the crop into the whole volume, in the orientation and grid of the input files. Where the crop has another <see cref="Spacing"/>,
    /// each voxel takes the value of the nearest one. A network's prediction loses least by <see cref="BringBack"/>, and the argmax afterwards.
    /// </summary>
    /// <param name="crop">One value for each voxel of <see cref="CropSize"/>, x fastest.</param>
    /// <param name="outside">The value of all voxels outside the crop; for classes the default, background.</param>
    /// <returns>One value for each voxel of <see cref="NativeGrid"/>, x fastest. Padding is dropped.</returns>
    /// <exception cref="ArgumentException">The number of values is not that of the crop.</exception>
    public T[] PasteBack<T>(ReadOnlySpan<T> crop, T outside = default)
        where T : unmanaged
    {
        if (crop.Length != CropSize.VoxelCount)
            throw new ArgumentException($"A crop of {CropSize} voxels needs {CropSize.VoxelCount} values, but {crop.Length} were given.", nameof(crop));
        VolumeGrid whole = InRas;
        T[] voxels = new T[whole.VoxelCount];
        voxels.AsSpan().Fill(outside);
        if (Spacing is not null)
        {
            (AxisPlaces placesX, AxisPlaces placesY, AxisPlaces placesZ) = Places(CropSize, 1);
            (int keptX, int keptY, int keptZ) = (Kept(0).From, Kept(1).From, Kept(2).From);
            for (int z = 0; z < placesZ.Count; z++)
            {
                for (int y = 0; y < placesY.Count; y++)
                {
                    Span<T> row = voxels.AsSpan(whole.IndexOf(keptX, keptY + y, keptZ + z), placesX.Count);
                    for (int x = 0; x < row.Length; x++)
                        row[x] = crop[CropSize.IndexOf(placesX.Nearest(x), placesY.Nearest(y), placesZ.Nearest(z))];
                }
            }

            return new Reorientation(whole, NativeGrid.Orientation).Apply<T>(voxels);
        }

        (int fromX, int toX) = (Math.Max(0, CropOffset.X), Math.Min(whole.Size.X, CropOffset.X + CropSize.X));
        for (int z = Math.Max(0, CropOffset.Z); z < Math.Min(whole.Size.Z, CropOffset.Z + CropSize.Z) && fromX < toX; z++)
        {
            for (int y = Math.Max(0, CropOffset.Y); y < Math.Min(whole.Size.Y, CropOffset.Y + CropSize.Y); y++)
            {
                int source = (fromX - CropOffset.X) + (CropSize.X * ((y - CropOffset.Y) + (CropSize.Y * (z - CropOffset.Z))));
                crop.Slice(source, toX - fromX).CopyTo(voxels.AsSpan(whole.IndexOf(fromX, y, z)));
            }
        }

        return new Reorientation(whole, NativeGrid.Orientation).Apply<T>(voxels);
    }

    /// <summary>
    /// Brings values of the network's grid, such as probabilities, to the grid of the input files by trilinear interpolation (half-pixel centers: "align
    /// corners" off); before the first and behind the last voxel of the network's grid the nearest value counts.
    /// </summary>
    /// <param name="values">One value for each voxel of <see cref="Size"/>, x fastest.</param>
    /// <param name="outside">The value of all voxels whose center lies outside the crop.</param>
    /// <returns>One value for each voxel of <see cref="NativeGrid"/>, x fastest. Padding is dropped.</returns>
    /// <exception cref="ArgumentException">The number of values is not that of the network's grid.</exception>
    public float[] BringBack(ReadOnlySpan<float> values, float outside = 0)
    {
        if (values.Length != Size.VoxelCount)
            throw new ArgumentException($"A grid of {Size} voxels needs {Size.VoxelCount} values, but {values.Length} were given.", nameof(values));
        VolumeGrid whole = InRas;
        float[] voxels = new float[whole.VoxelCount];
        Array.Fill(voxels, outside);
        (AxisPlaces x, AxisPlaces y, AxisPlaces z) = Places(Size, SubsamplingFactor);
        if (x.Count > 0 && y.Count > 0 && z.Count > 0)
        {
            ReadOnlySpan<float> inside = LinearResampling.Values(values, x, y, z);
            (int keptX, int keptY, int keptZ) = (Kept(0).From, Kept(1).From, Kept(2).From);
            for (int row = 0; row < y.Count * z.Count; row++)
            {
                int target = whole.IndexOf(keptX, keptY + (row % y.Count), keptZ + (row / y.Count));
                inside.Slice(row * x.Count, x.Count).CopyTo(voxels.AsSpan(target));
            }
        }

        return new Reorientation(whole, NativeGrid.Orientation).Apply<float>(voxels);
    }

    /// <summary>The input's grid in RAS orientation.</summary>
    internal VolumeGrid InRas => new Reorientation(NativeGrid, Orientation.RAS).Target;

    /// <summary>The change of spacing in RAS orientation; null where there is none.</summary>
    internal SpacingChange? Resampling => Spacing is { } spacing ? new SpacingChange(InRas, spacing) : null;

    /// <summary>Which voxels of the input, in RAS orientation, have their center in the crop.</summary>
    internal (int From, int To) Kept(int axis)
    {
        int count = Along(InRas.Size, axis), offset = Along(CropOffset, axis), size = Along(CropSize, axis);
        if (Resampling is not { } change)
            return (Math.Clamp(offset, 0, count), Math.Clamp(offset + size, 0, count));
        int from = 0;
        while (from < count && change.FaceInTarget(from + 0.5, axis) < offset)
            from++;
        int to = from;
        while (to < count && change.FaceInTarget(to + 0.5, axis) < offset + size)
            to++;
        return (from, to);
    }

    // Where the voxels of the input that are kept lie among blocks of the crop's voxels.
    private (AxisPlaces X, AxisPlaces Y, AxisPlaces Z) Places(VolumeSize blocks, int factor)
    {
        SpacingChange? change = Resampling;
        return (Of(0), Of(1), Of(2));

        AxisPlaces Of(int axis)
        {
            (int from, int to) = Kept(axis);
            return new AxisPlaces(to - from, Along(blocks, axis), i =>
                (((change?.CenterInTarget(from + i, axis) ?? from + i) - Along(CropOffset, axis) + 0.5) / factor) - 0.5);
        }
    }

    private static int Along(VolumeSize size, int axis) => axis == 0 ? size.X : axis == 1 ? size.Y : size.Z;

    private static int Along((int X, int Y, int Z) voxel, int axis) => axis == 0 ? voxel.X : axis == 1 ? voxel.Y : voxel.Z;

    private VolumeGrid GridOf(int step, VolumeSize size)
    {
        Affine a = (Resampling?.Target ?? InRas).Affine;
        double half = (step - 1) / 2.0;
        (double x, double y, double z) = a.Apply(CropOffset.X + half, CropOffset.Y + half, CropOffset.Z + half);
        return new VolumeGrid(size, new Affine(
            a.M11 * step, a.M12 * step, a.M13 * step, x,
            a.M21 * step, a.M22 * step, a.M23 * step, y,
            a.M31 * step, a.M32 * step, a.M33 * step, z));
    }
}
