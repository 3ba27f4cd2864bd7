using System.Buffers.Binary;
using System.IO.Compression;

namespace KnowledgeDistillation.Medical.Nifti;

/// <summary>Writes images to files.</summary>
internal static class NiftiWriter
{
    /// <summary>Where the voxels begin in a single file: after the header, the extension flag and the extensions.</summary>
    public static long SingleFileOffset(int version, IReadOnlyList<NiftiExtension> extensions) =>
        NiftiFields.LengthOf(version) + 4 + extensions.Sum(extension => (long)PaddedSize(extension));

    public static void Write(NiftiImage image, string path)
    {
        (string headerPath, string voxelsPath, bool compressed) = NiftiFileNames.ForSaving(path);
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (!Directory.Exists(folder))
            throw new DirectoryNotFoundException($"{path}: the folder {folder} does not exist; make it first.");
        bool pair = headerPath != voxelsPath;
        NiftiFields fields = image.Header.CopyFields();
        fields.SetMagic(pair);
        fields.Set(NiftiField.VoxOffset, pair ? 0 : SingleFileOffset(fields.Version, image.Header.Extensions));

        // Both files of a pair are complete before either replaces an older one, the voxels first: a header never points at nothing.
        string headerPart = $"{headerPath}.{Guid.NewGuid():N}.tmp", voxelsPart = pair ? $"{voxelsPath}.{Guid.NewGuid():N}.tmp" : headerPart;
        try
        {
            WritePart(headerPart, compressed, stream =>
            {
                WriteHeader(stream, fields, image.Header.Extensions);
                if (!pair)
                    WriteVoxels(stream, image);
            });
            if (pair)
            {
                WritePart(voxelsPart, compressed, stream => WriteVoxels(stream, image));
                File.Move(voxelsPart, voxelsPath, overwrite: true);
            }
            File.Move(headerPart, headerPath, overwrite: true);
        }
        catch
        {
            File.Delete(headerPart);
            File.Delete(voxelsPart);
            throw;
        }
    }

    private static void WritePart(string path, bool compressed, Action<Stream> write)
    {
        using FileStream file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
        if (compressed)
        {
            // .NET writes neither time nor name into the gzip header, so that equal images give equal bytes.
            using GZipStream gzip = new(file, CompressionLevel.Optimal, leaveOpen: true);
            write(gzip);
        }
        else
        {
            write(file);
        }
        file.Flush(flushToDisk: true);
    }

    private static void WriteHeader(Stream stream, NiftiFields fields, IReadOnlyList<NiftiExtension> extensions)
    {
        stream.Write(fields.Bytes);
        stream.Write([extensions.Count > 0 ? (byte)1 : (byte)0, 0, 0, 0]);
        Span<byte> start = stackalloc byte[8];
        foreach (NiftiExtension extension in extensions)
        {
            int size = PaddedSize(extension);
            if (fields.IsBigEndian)
            {
                BinaryPrimitives.WriteInt32BigEndian(start, size);
                BinaryPrimitives.WriteInt32BigEndian(start[4..], extension.Code);
            }
            else
            {
                BinaryPrimitives.WriteInt32LittleEndian(start, size);
                BinaryPrimitives.WriteInt32LittleEndian(start[4..], extension.Code);
            }
            stream.Write(start);
            stream.Write(extension.Content.Span);
            stream.Write(new byte[size - 8 - extension.Content.Length]);
        }
    }

    private static void WriteVoxels(Stream stream, NiftiImage image)
    {
        ReadOnlySpan<byte> voxels = image.RawVoxels;
        if (image.Header.IsBigEndian != BitConverter.IsLittleEndian)
        {
            stream.Write(voxels);
            return;
        }
        byte[] block = new byte[1 << 16];
        for (int position = 0; position < voxels.Length; position += block.Length)
        {
            ReadOnlySpan<byte> part = voxels.Slice(position, Math.Min(block.Length, voxels.Length - position));
            Voxels.ReverseBytes(part, block, image.Header.DataType);
            stream.Write(block, 0, part.Length);
        }
    }

    // The standard asks for multiples of 16 bytes, size and code included.
    private static int PaddedSize(NiftiExtension extension) => (extension.Content.Length + 8 + 15) / 16 * 16;
}
