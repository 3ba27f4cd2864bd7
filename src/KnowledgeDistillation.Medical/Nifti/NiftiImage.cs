using System.Runtime.InteropServices;
using KnowledgeDistillation.Medical.Volumes;

namespace KnowledgeDistillation.Medical.Nifti;

/// <summary>A NIfTI image: a header and one or more 3-D volumes (frames) of voxels, kept as stored.</summary>
/// <remarks>
/// <para>Immutable and safe to share between threads. Each call of <see cref="ToVolume"/> or <see cref="ToLabels"/> converts anew.</para>
/// <para>Format: NIfTI-1.1 (https://nifti.nimh.nih.gov/nifti-1) and NIfTI-2 (https://nifti.nimh.nih.gov/nifti-2).</para>
/// </remarks>
public sealed class NiftiImage
{
    private readonly byte[] voxels;
    private readonly string name;

    internal NiftiImage(NiftiHeader header, byte[] voxels, string name) => (Header, this.voxels, this.name) = (header, voxels, name);

    /// <summary>Every field of the header, and the extensions.</summary>
    public NiftiHeader Header { get; }

    /// <summary>Where the voxels of a frame lie.</summary>
    public VolumeGrid Grid => Header.Grid;

    /// <summary>The number of 3-D volumes, the product of dimensions 4 to 7: 1 for a 3-D image.</summary>
    public int FrameCount => (int)Header.FrameCount;

    /// <summary>The voxels of all frames, unscaled, x fastest, in the machine's byte order (little-endian on every platform that torch supports).</summary>
    internal ReadOnlySpan<byte> RawVoxels => voxels;

    /// <summary>Reads an image: <c>.nii</c>, or either file of a <c>.hdr</c>/<c>.img</c> pair, gzip-compressed or not whatever the name says.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="NiftiException">The file is no NIfTI file, is damaged or cut off, or holds colors, complex numbers,
    /// 128-bit floats or a CIFTI-2 matrix.</exception>
    public static NiftiImage Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return NiftiReader.ReadImage(path);
    }

    /// <summary>Reads an image from a stream that holds a <c>.nii</c> file, gzip-compressed or not, from its position to its end.</summary>
    /// <param name="stream">
    /// The stream, which stays open; where it ends up is not specified. One that cannot seek, such as the body of a request, is taken into memory first:
    /// limit its length before, for example with <c>MaxRequestBodySize</c>.
    /// </param>
    /// <param name="name">What messages call it, for example the name of the uploaded file.</param>
    /// <exception cref="NiftiException">As for <see cref="Load(string)"/>, or the stream holds the header of a pair of files.</exception>
    public static NiftiImage Load(Stream stream, string name = "the stream")
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentException.ThrowIfNullOrEmpty(name);
        return NiftiReader.ReadImage(stream, name);
    }

    /// <summary>
    /// Reads the header only, without reading or uncompressing any voxel; also of files whose voxels <see cref="Load(string)"/> refuses for their type.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="NiftiException">The file is no NIfTI file, or its header is damaged.</exception>
    public static NiftiHeader LoadHeader(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return NiftiReader.ReadHeader(path);
    }

    /// <summary>Makes an image of a volume, stored as 32-bit floats.</summary>
    /// <param name="volume">The volume; its voxels are copied.</param>
    public static NiftiImage FromVolume(Volume<float> volume) => FromVolumes([volume]);

    /// <summary>Makes an image of several volumes in one grid, stored as the frames of a 4-D array of 32-bit floats.</summary>
    /// <param name="frames">At least one volume; their voxels are copied.</param>
    /// <exception cref="ArgumentException">There is no frame, their grids differ, or they are more than one array can hold.</exception>
    public static NiftiImage FromVolumes(IReadOnlyList<Volume<float>> frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        if (frames.Count == 0)
            throw new ArgumentException("An image needs at least one volume.", nameof(frames));
        VolumeGrid grid = frames[0].Grid;
        long frameBytes = sizeof(float) * (long)grid.VoxelCount;
        if (frameBytes * frames.Count > Array.MaxLength)
            throw new ArgumentException($"{frames.Count} volumes of {grid} are more than one array can hold; save them in several files.", nameof(frames));
        byte[] voxels = GC.AllocateUninitializedArray<byte>((int)frameBytes * frames.Count);
        for (int frame = 0; frame < frames.Count; frame++)
        {
            if (!frames[frame].Grid.CoincidesWith(grid))
            {
                throw new ArgumentException(
                    $"Frame {frame} has the grid {frames[frame].Grid}, but frame 0 has {grid}; bring them to one grid first.", nameof(frames));
            }

            MemoryMarshal.AsBytes(frames[frame].Voxels.AsSpan()).CopyTo(voxels.AsSpan((int)frameBytes * frame));
        }
        return Make(NewFields(grid), grid, frames.Count, NiftiDataType.Float32, [], voxels, "new image");
    }

    /// <summary>Makes an image of labels, stored as the smallest of uint8, int16 and int32 that holds them.</summary>
    /// <param name="labels">The labels; their voxels are copied.</param>
    public static NiftiImage FromLabels(Volume<int> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        (NiftiDataType type, byte[] voxels) = Store(labels);
        return Make(NewFields(labels.Grid), labels.Grid, 1, type, [], voxels, "new image");
    }

    /// <summary>A 3-D image of intensities with the header of another image, whose voxels need not be read for it.</summary>
    /// <param name="volume">The volume, on the grid of the header.</param>
    /// <param name="header">The header, as <see cref="LoadHeader"/> reads it.</param>
    /// <returns>An image of 32-bit floats without scaling and without display limits; all other fields and the extensions are those of the header.</returns>
    /// <exception cref="ArgumentException">The volume lies on another grid; where only its orientation differs, reorient it first.</exception>
    public static NiftiImage FromVolume(Volume<float> volume, NiftiHeader header)
    {
        ArgumentNullException.ThrowIfNull(header);
        return new NiftiImage(header, [], "the image of the header").WithVoxels(volume);
    }

    /// <summary>A 3-D image of labels with the header of another image, whose voxels need not be read for it.</summary>
    /// <param name="labels">The labels, on the grid of the header.</param>
    /// <param name="header">The header, as <see cref="LoadHeader"/> reads it.</param>
    /// <returns>An image of the smallest of uint8, int16 and int32 that holds the labels, without scaling and without display limits;
    /// all other fields and the extensions are those of the header.</returns>
    /// <exception cref="ArgumentException">The labels lie on another grid; where only their orientation differs, reorient them first.</exception>
    public static NiftiImage FromLabels(Volume<int> labels, NiftiHeader header)
    {
        ArgumentNullException.ThrowIfNull(header);
        return new NiftiImage(header, [], "the image of the header").WithVoxels(labels);
    }

    /// <summary>A 3-D image of other intensities in this image's grid: everything of the header that places or describes the volume is kept.</summary>
    /// <param name="volume">The volume, on this image's grid.</param>
    /// <returns>An image of 32-bit floats without scaling and without display limits; all other fields and the extensions are this image's.</returns>
    /// <exception cref="ArgumentException">The volume lies on another grid; where only its orientation differs, reorient it first.</exception>
    public NiftiImage WithVoxels(Volume<float> volume)
    {
        ArgumentNullException.ThrowIfNull(volume);
        CheckGrid(volume.Grid, nameof(volume));
        return Make(Header.CopyFields(), Grid, 1, NiftiDataType.Float32, Header.Extensions, MemoryMarshal.AsBytes(volume.Voxels.AsSpan()).ToArray(), name);
    }

    /// <summary>A 3-D image of labels in this image's grid: everything of the header that places or describes the volume is kept.</summary>
    /// <param name="labels">The labels, on this image's grid.</param>
    /// <returns>An image of the smallest of uint8, int16 and int32 that holds the labels, without scaling and without display limits;
    /// all other fields and the extensions are this image's.</returns>
    /// <exception cref="ArgumentException">The labels lie on another grid; where only their orientation differs, reorient them first.</exception>
    public NiftiImage WithVoxels(Volume<int> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        CheckGrid(labels.Grid, nameof(labels));
        (NiftiDataType type, byte[] stored) = Store(labels);
        return Make(Header.CopyFields(), Grid, 1, type, Header.Extensions, stored, name);
    }

    /// <summary>The real values of a frame: stored values × slope + intercept, computed in double precision and rounded to single.</summary>
    /// <param name="frame">The frame, from 0; dimension 4 varies fastest.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such frame.</exception>
    public Volume<float> ToVolume(int frame = 0)
    {
        ReadOnlySpan<byte> stored = StoredFrame(frame);
        float[] values = GC.AllocateUninitializedArray<float>(Grid.VoxelCount);
        (double slope, double intercept) = Scaling;
        Voxels.ToFloats(stored, Header.DataType, slope, intercept, values);
        return new Volume<float>(Grid, values);
    }

    /// <summary>The real values of a frame as the integers that they are; floats are accepted where every one is a whole number.</summary>
    /// <param name="frame">The frame, from 0; dimension 4 varies fastest.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such frame.</exception>
    /// <exception cref="NiftiException">
    /// A value is no integer or does not fit 32 bits; the message names the file and the voxel. Scaled values may be off by one
    /// part in a million, which the single precision of slope and intercept causes.
    /// </exception>
    public Volume<int> ToLabels(int frame = 0)
    {
        ReadOnlySpan<byte> stored = StoredFrame(frame);
        int[] values = GC.AllocateUninitializedArray<int>(Grid.VoxelCount);
        (double slope, double intercept) = Scaling;
        int bad = Voxels.ToLabels(stored, Header.DataType, slope, intercept, values);
        if (bad >= 0)
        {
            int x = bad % Grid.Size.X, y = bad / Grid.Size.X % Grid.Size.Y, z = bad / Grid.Size.X / Grid.Size.Y;
            string scaling = Header.IsScaled ? $" × {slope} + {intercept}" : "";
            throw new NiftiException($"{name}: voxel ({x}, {y}, {z}) of frame {frame} holds {Voxels.Format(stored, Header.DataType, bad)}{scaling}, "
                + "which is no label (an integer of 32 bits); give a label file, or round the values first.");
        }
        return new Volume<int>(Grid, values);
    }

    /// <summary>
    /// Writes the image as the name says: <c>.nii</c> in one file, <c>.hdr</c> or <c>.img</c> as a pair, compressed where the name
    /// ends with <c>.gz</c>. An existing file is replaced once the new one is complete. Equal images give equal bytes.
    /// </summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <exception cref="ArgumentException">The name has none of these endings.</exception>
    /// <exception cref="DirectoryNotFoundException">The folder does not exist.</exception>
    /// <exception cref="IOException">The file cannot be written; what was there is untouched.</exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        NiftiWriter.Write(this, path);
    }

    /// <summary>Writes the image to a stream as a <c>.nii</c> file. Equal images give equal bytes.</summary>
    /// <param name="stream">The stream, which stays open; it need not seek.</param>
    /// <param name="compressed">Whether the file is gzip-compressed (<c>.nii.gz</c>). Default yes.</param>
    public void Save(Stream stream, bool compressed = true)
    {
        ArgumentNullException.ThrowIfNull(stream);
        NiftiWriter.Write(this, stream, compressed);
    }

    internal (double Slope, double Intercept) Scaling => Header.IsScaled ? (Header.Slope, Header.Intercept) : (1, 0);

    internal ReadOnlySpan<byte> StoredFrame(int frame)
    {
        if (frame < 0 || frame >= FrameCount)
            throw new ArgumentOutOfRangeException(nameof(frame), frame, $"{name} has {FrameCount} frame(s), numbered from 0.");
        int length = Grid.VoxelCount * Voxels.BytesPer(Header.DataType);
        return voxels.AsSpan(frame * length, length);
    }

    private void CheckGrid(VolumeGrid grid, string parameter)
    {
        if (!grid.CoincidesWith(Grid))
        {
            throw new ArgumentException(
                $"The voxels lie on the grid {grid}, but {name} has {Grid}; bring them to that grid first (ReorientTo where only the orientation differs).",
                parameter);
        }
    }

    private static (NiftiDataType Type, byte[] Voxels) Store(Volume<int> labels)
    {
        int[] values = labels.Voxels;
        (int least, int greatest) = (int.MaxValue, int.MinValue);
        foreach (int value in values)
            (least, greatest) = (Math.Min(least, value), Math.Max(greatest, value));
        return (least, greatest) switch
        {
            ( >= byte.MinValue, <= byte.MaxValue) => (NiftiDataType.UInt8, Array.ConvertAll(values, value => (byte)value)),
            ( >= short.MinValue, <= short.MaxValue) =>
                (NiftiDataType.Int16, MemoryMarshal.AsBytes(Array.ConvertAll(values, value => (short)value).AsSpan()).ToArray()),
            _ => (NiftiDataType.Int32, MemoryMarshal.AsBytes(values.AsSpan()).ToArray()),
        };
    }

    private static NiftiFields NewFields(VolumeGrid grid)
    {
        // Version 1 has 16 bits for a size.
        int version = Math.Max(grid.Size.X, Math.Max(grid.Size.Y, grid.Size.Z)) <= short.MaxValue ? 1 : 2;
        NiftiFields fields = new(new byte[NiftiFields.LengthOf(version)], version, bigEndian: false);
        fields.Set(NiftiField.SizeOfHeader, (long)NiftiFields.LengthOf(version));
        NiftiGeometry.Write(fields, grid.Affine);
        return fields;
    }

    private static NiftiImage Make(
        NiftiFields fields,
        VolumeGrid grid,
        int frames,
        NiftiDataType type,
        IReadOnlyList<NiftiExtension> extensions,
        byte[] voxels,
        string name)
    {
        long[] dimensions = [frames == 1 ? 3 : 4, grid.Size.X, grid.Size.Y, grid.Size.Z, frames, 1, 1, 1];
        for (int index = 0; index < dimensions.Length; index++)
            fields.Set(NiftiField.Dim, dimensions[index], index);
        fields.Set(NiftiField.DataType, (long)type);
        fields.Set(NiftiField.BitPix, 8L * Voxels.BytesPer(type));
        fields.Set(NiftiField.SclSlope, 1.0);
        fields.Set(NiftiField.SclInter, 0.0);
        fields.Set(NiftiField.CalMin, 0.0);
        fields.Set(NiftiField.CalMax, 0.0);
        fields.SetMagic(pair: false);
        fields.Set(NiftiField.VoxOffset, NiftiWriter.SingleFileOffset(fields.Version, extensions));
        return new NiftiImage(new NiftiHeader(fields, isPair: false, extensions, name), voxels, name);
    }
}
