using System.Buffers.Binary;
using System.IO.Compression;
using KnowledgeDistillation.Storage;

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
        if (headerPath == voxelsPath)
        {
            AtomicFile.Write(path, stream => Write(image, stream, compressed));
            return;
        }

        // The voxels take their name first: a header never points at nothing.
        AtomicFile.WriteTogether(
        [
            (voxelsPath, stream => Compress(stream, compressed, content => WriteVoxels(content, image))),
            (headerPath, stream => Compress(stream, compressed, content => WriteHeader(content, image, pair: true))),
        ]);
    }

    /// <summary>Writes a single file to a stream.</summary>
    public static void Write(NiftiImage image, Stream stream, bool compressed) => Compress(stream, compressed, content =>
    {
        WriteHeader(content, image, pair: false);
        WriteVoxels(content, image);
    });

    // .NET writes neither time nor name into the gzip header, so that equal images give equal bytes.
    private static void Compress(Stream stream, bool compressed, Action<Stream> write)
    {
        if (!compressed)
        {
            write(stream);
            return;
        }

        using GZipStream gzip = new(stream, CompressionLevel.Optimal, leaveOpen: true);
        write(gzip);
    }

    private static void WriteHeader(Stream stream, NiftiImage image, bool pair)
    {
        IReadOnlyList<NiftiExtension> extensions = image.Header.Extensions;
        NiftiFields fields = image.Header.CopyFields();
        fields.SetMagic(pair);
        fields.Set(NiftiField.VoxOffset, pair ? 0 : SingleFileOffset(fields.Version, extensions));
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
