using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>
/// Where a preprocessed case lies in the volume that it came from; what is needed to bring a prediction back. The steps were:
/// reorientation to RAS, crop or pad, subsampling.
/// </summary>
/// <remarks>Immutable and safe to share between threads.</remarks>
public sealed record PreprocessingGeometry
{
    /// <summary>Describes a crop.</summary>
    /// <param name="nativeGrid">The grid of the input files.</param>
    /// <param name="cropOffset">The first voxel of the crop in the volume in RAS orientation; negative where it was padded.</param>
    /// <param name="cropSize">The size of the crop before subsampling.</param>
    /// <param name="subsamplingFactor">The edge of the block of voxels that became one.</param>
    public PreprocessingGeometry(VolumeGrid nativeGrid, (int X, int Y, int Z) cropOffset, VolumeSize cropSize, int subsamplingFactor)
    {
        ArgumentNullException.ThrowIfNull(nativeGrid);
        ArgumentOutOfRangeException.ThrowIfLessThan(subsamplingFactor, 1);
        (NativeGrid, CropOffset, CropSize, SubsamplingFactor) = (nativeGrid, cropOffset, cropSize, subsamplingFactor);
        Size = new VolumeSize(cropSize.X / subsamplingFactor, cropSize.Y / subsamplingFactor, cropSize.Z / subsamplingFactor);
    }

    /// <summary>The grid of the input files.</summary>
    public VolumeGrid NativeGrid { get; }

    /// <summary>The first voxel of the crop in the volume in RAS orientation; negative where it was padded.</summary>
    public (int X, int Y, int Z) CropOffset { get; }

    /// <summary>The size of the crop before subsampling.</summary>
    public VolumeSize CropSize { get; }

    /// <summary>The edge of the block of voxels that became one.</summary>
    public int SubsamplingFactor { get; }

    /// <summary>The size after subsampling: that of the network's input. As a tensor [Z, Y, X] = [D, H, W].</summary>
    public VolumeSize Size { get; }

    /// <summary>The grid of the crop before subsampling, in the world of the input.</summary>
    public VolumeGrid CropGrid => GridOf(1, CropSize);

    /// <summary>The grid of the network's input and output, in the world of the input; its voxels lie at the centers of the blocks.</summary>
    public VolumeGrid Grid => GridOf(SubsamplingFactor, Size);

    /// <summary>
    /// Puts values of the crop into the whole volume, in the orientation and grid of the input files. To bring a network's
    /// prediction there, first resample its probabilities trilinearly from <see cref="Size"/> to <see cref="CropSize"/> (half-pixel
    /// centers: "align corners" off) and take the argmax.
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
        Reorientation toRas = new(NativeGrid, Orientation.RAS);
        VolumeGrid whole = toRas.Target;
        T[] voxels = new T[whole.VoxelCount];
        voxels.AsSpan().Fill(outside);
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

    private VolumeGrid GridOf(int step, VolumeSize size)
    {
        Affine a = new Reorientation(NativeGrid, Orientation.RAS).Target.Affine;
        double half = (step - 1) / 2.0;
        (double x, double y, double z) = a.Apply(CropOffset.X + half, CropOffset.Y + half, CropOffset.Z + half);
        return new VolumeGrid(size, new Affine(
            a.M11 * step, a.M12 * step, a.M13 * step, x,
            a.M21 * step, a.M22 * step, a.M23 * step, y,
            a.M31 * step, a.M32 * step, a.M33 * step, z));
    }
}
