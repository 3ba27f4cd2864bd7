using System.Buffers.Binary;

namespace KnowledgeDistillation.Medical.Nifti;

/// <summary>Reads headers and images from files, without trusting what they say.</summary>
internal static class NiftiReader
{
    // The offset of version 1 is a single-precision float, exact for multiples of 16 up to this.
    public const int GreatestExtensions = 1 << 28;

    public static NiftiHeader ReadHeader(string path)
    {
        using NiftiSource source = new(NiftiFileNames.HeaderOf(path));
        return ReadHeader(source, out _);
    }

    public static NiftiImage ReadImage(string path)
    {
        using NiftiSource source = new(NiftiFileNames.HeaderOf(path));
        NiftiHeader header = ReadHeader(source, out long voxelOffset);
        long bytes = CheckedByteCount(header, source.Path);
        if (!header.IsPair)
            return new NiftiImage(header, ReadVoxels(source, header, bytes), source.Path);
        using NiftiSource voxels = new(NiftiFileNames.VoxelsOf(source.Path));
        voxels.Skip(voxelOffset, "the voxels");
        return new NiftiImage(header, ReadVoxels(voxels, header, bytes), source.Path);
    }

    /// <summary>Reads a single file from a stream, from its position on.</summary>
    public static NiftiImage ReadImage(Stream stream, string name)
    {
        // What cannot seek is taken in first, however long it says that it is: memory follows what comes.
        var copy = new MemoryStream();
        if (!stream.CanSeek)
        {
            stream.CopyTo(copy);
            copy.Position = 0;
        }

        using NiftiSource source = new(stream.CanSeek ? new LentStream(stream) : copy, name);
        NiftiHeader header = ReadHeader(source, out _);
        if (header.IsPair)
        {
            throw new NiftiException(
                $"{name}: this is the header of a pair of files, whose voxels are in the other one; convert the pair to one .nii file first.");
        }

        return new NiftiImage(header, ReadVoxels(source, header, CheckedByteCount(header, name)), name);
    }

    /// <summary>Reads up to the voxels of a single file, or to the end of a header file.</summary>
    /// <param name="source">The header's file, at its start.</param>
    /// <param name="voxelOffset">Where the voxels begin in their file.</param>
    private static NiftiHeader ReadHeader(NiftiSource source, out long voxelOffset)
    {
        string file = source.Path;
        byte[] bytes = new byte[NiftiFields.Length1];
        int read = source.Read(bytes);
        if (read < bytes.Length)
        {
            throw new NiftiException($"{file}: the file holds {read} bytes where a NIfTI header has at least {NiftiFields.Length1}; "
                + "it is cut off or of another format, get it again.");
        }

        (int version, bool bigEndian) = (BinaryPrimitives.ReadInt32LittleEndian(bytes), BinaryPrimitives.ReadInt32BigEndian(bytes)) switch
        {
            (NiftiFields.Length1, _) => (1, false),
            (_, NiftiFields.Length1) => (1, true),
            (NiftiFields.Length2, _) => (2, false),
            (_, NiftiFields.Length2) => (2, true),
            _ => throw new NiftiException($"{file}: this is no NIfTI file (it does not begin with a header size of {NiftiFields.Length1} or "
                + $"{NiftiFields.Length2}); convert it to NIfTI first."),
        };
        if (version == 2)
        {
            Array.Resize(ref bytes, NiftiFields.Length2);
            source.ReadExactly(bytes.AsSpan(NiftiFields.Length1), "the fields of the header");
        }
        NiftiFields fields = new(bytes, version, bigEndian);
        bool isPair = ReadMagic(fields, file);
        voxelOffset = ReadVoxelOffset(fields, isPair, file);
        long afterFlag = NiftiFields.LengthOf(version) + 4;
        byte[] extensions = [];
        Span<byte> flag = stackalloc byte[4];
        int flagLength = source.Read(flag);
        if (isPair)
        {
            // A header file may end right after the header.
            if (flagLength == flag.Length && flag[0] != 0)
                extensions = source.ReadToEnd(GreatestExtensions, "the extensions");
        }
        else if (flagLength == flag.Length && flag[0] != 0)
        {
            if (voxelOffset - afterFlag > GreatestExtensions)
            {
                throw new NiftiException($"{file}: the extensions would take {voxelOffset - afterFlag:N0} bytes, more than the {GreatestExtensions:N0} that "
                    + "are read; the header is damaged, get the file again.");
            }

            extensions = source.ReadBlock(voxelOffset - afterFlag, "the extensions");
        }
        else
        {
            source.Skip(voxelOffset - afterFlag, "the voxels");
        }
        return new NiftiHeader(fields, isPair, ParseExtensions(extensions, bigEndian, file), file);
    }

    private static bool ReadMagic(NiftiFields fields, string file)
    {
        bool single = fields.GetText(NiftiField.Magic, 4) == $"n+{fields.Version}";
        bool pair = fields.GetText(NiftiField.Magic, 4) == $"ni{fields.Version}";
        if (!single && !pair)
        {
            throw new NiftiException($"{file}: the header has the size but not the mark of a NIfTI-{fields.Version} file; "
                + "it may be of the older Analyze 7.5 format, convert it with a tool such as nifti_tool.");
        }

        if (fields.Version == 2 && fields.Bytes.AsSpan(8, 4) is not [0x0D, 0x0A, 0x1A, 0x0A])
            throw new NiftiException($"{file}: the mark of the NIfTI-2 header is damaged, as by a transfer in text mode; get the file again in binary mode.");
        return pair;
    }

    private static long ReadVoxelOffset(NiftiFields fields, bool isPair, string file)
    {
        double stored = fields.GetNumber(NiftiField.VoxOffset);
        long least = isPair ? 0 : NiftiFields.LengthOf(fields.Version) + 4;
        // Some writers leave 0 where the voxels follow the header at once.
        if (stored == 0)
            return least;
        return stored >= least && stored <= 1L << 52 && stored == Math.Floor(stored)
            ? (long)stored
            : throw new NiftiException($"{file}: the header places the voxels at byte {stored} (vox_offset), which must be a whole number of at least {least}; "
                + "the header is damaged, get the file again.");
    }

    private static List<NiftiExtension> ParseExtensions(byte[] bytes, bool bigEndian, string file)
    {
        List<NiftiExtension> extensions = [];
        int position = 0;
        while (bytes.Length - position >= 8)
        {
            ReadOnlySpan<byte> at = bytes.AsSpan(position);
            int size = bigEndian ? BinaryPrimitives.ReadInt32BigEndian(at) : BinaryPrimitives.ReadInt32LittleEndian(at);
            int code = bigEndian ? BinaryPrimitives.ReadInt32BigEndian(at[4..]) : BinaryPrimitives.ReadInt32LittleEndian(at[4..]);
            if (size == 0 && at.IndexOfAnyExcept((byte)0) < 0)
                break; // Padding up to the voxels.
            if (size < 8 || size > at.Length)
            {
                throw new NiftiException($"{file}: header extension {extensions.Count + 1} claims {size} bytes where {at.Length} are left (at least 8 are "
                    + "needed); the header is damaged, get the file again.");
            }

            extensions.Add(new NiftiExtension(code, bytes.AsMemory(position + 8, size - 8)));
            position += size;
        }
        return extensions;
    }

    // The number of bytes of all frames, for a header whose voxels this library reads.
    private static long CheckedByteCount(NiftiHeader header, string file)
    {
        if (header.Version == 2 && header.IntentCode is >= 3000 and < 3100)
        {
            throw new NiftiException($"{file}: this is a CIFTI-2 file (intent {header.IntentCode}), a matrix over a surface and not a volume; "
                + "export a volume from it with a tool such as wb_command.");
        }

        if (!Voxels.IsSupported(header.DataType))
        {
            throw new NiftiException($"{file}: voxels of type {Describe(header.DataType)} are not read, only integers of 8 to 64 bits and floats of 32 or 64; "
                + "convert the file to one of these.");
        }

        int bytesPerVoxel = Voxels.BytesPer(header.DataType);
        if (header.BitsPerVoxel != 8 * bytesPerVoxel)
        {
            throw new NiftiException($"{file}: the header gives {header.BitsPerVoxel} bits per voxel for the type {Describe(header.DataType)}, "
                + $"which has {8 * bytesPerVoxel}; the header is damaged, get the file again.");
        }

        if (header.IsScaled && !double.IsFinite(header.Intercept))
        {
            throw new NiftiException($"{file}: the header's intercept (scl_inter) is {header.Intercept}, which makes every voxel meaningless; "
                + "set it with a tool such as nifti_tool.");
        }

        Int128 count = (Int128)header.Grid.VoxelCount * header.FrameCount * bytesPerVoxel;
        return count <= long.MaxValue ? (long)count : long.MaxValue;
    }

    private static string Describe(NiftiDataType type) =>
        Enum.IsDefined(type) && type != NiftiDataType.Unknown ? $"{type} ({(int)type})" : $"code {(int)type}, which the standard does not name,";

    private static byte[] ReadVoxels(NiftiSource source, NiftiHeader header, long count)
    {
        byte[] voxels = source.ReadBlock(count, "the voxels");
        source.VerifyCheckSum();
        if (header.IsBigEndian == BitConverter.IsLittleEndian)
            Voxels.ReverseBytes(voxels, voxels, header.DataType);
        return voxels;
    }
}
