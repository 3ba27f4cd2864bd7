using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using KnowledgeDistillation.Medical.Volumes;
using KnowledgeDistillation.Metrics;
using KnowledgeDistillation.Storage;
using Microsoft.Win32.SafeHandles;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>
/// One preprocessed case as a file, little-endian: "KDPREP01", the length of a JSON header (int32), the header, the CRC-32C so far, each image
/// as float32, the classes as bytes, and the CRC-32C of all that. Read straight into the arrays that the case keeps.
/// </summary>
internal static class CacheEntry
{
    private const int MaximumHeaderLength = 1 << 20;
    private const int PieceLength = 1 << 20;

    private static ReadOnlySpan<byte> Magic => "KDPREP01"u8;

    public static void Write(string path, PreprocessedCase item, string sourceKey)
    {
        Header header = Header.Of(item, sourceKey);
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(header);
        // Not flushed to disk: a loss of power shows in the checksum, and the entry is made anew.
        AtomicFile.Write(path, file =>
        {
            uint crc = 0;
            byte[] length = new byte[sizeof(int)];
            BinaryPrimitives.WriteInt32LittleEndian(length, json.Length);
            Append(Magic);
            Append(length);
            Append(json);
            AppendChecksum();
            foreach (string name in header.Modalities)
                Append(MemoryMarshal.AsBytes(item.Images[name].AsSpan()));
            if (item.Classes is not null)
                Append(item.Classes);
            AppendChecksum();

            void Append(ReadOnlySpan<byte> bytes)
            {
                file.Write(bytes);
                crc = Checksum(crc, bytes);
            }

            void AppendChecksum()
            {
                byte[] checksum = new byte[sizeof(uint)];
                BinaryPrimitives.WriteUInt32LittleEndian(checksum, crc);
                Append(checksum);
            }
        }, flushToDisk: false);
    }

    /// <summary>The header of an entry; null where there is none, or a damaged one.</summary>
    public static Header? ReadHeader(string path)
    {
        try
        {
            using FileStream file = Open(path);
            uint crc = 0;
            Header? header = ReadHeader(file, ref crc);
            return header is not null && file.Length == file.Position + header.PayloadLength + sizeof(uint) ? header : null;
        }
        catch (Exception exception) when (IsDamage(exception))
        {
            return null;
        }
    }

    /// <summary>The case of an entry; null where there is none, or a damaged one, or one of another source.</summary>
    public static PreprocessedCase? Read(string path, string id, string sourceKey, ArrayRecycler arrays)
    {
        try
        {
            using FileStream file = Open(path);
            uint crc = 0;
            Header? header = ReadHeader(file, ref crc);
            if (header is null || header.SourceKey != sourceKey || file.Length != file.Position + header.PayloadLength + sizeof(uint))
                return null;
            Dictionary<string, float[]> images = new(StringComparer.Ordinal);
            int voxels = header.Geometry.Size.VoxelCount;
            foreach (string name in header.Modalities)
            {
                float[] image = arrays.Rent<float>(voxels);
                crc = ReadInto(file, MemoryMarshal.AsBytes(image.AsSpan()), crc);
                images.Add(name, image);
            }

            byte[]? classes = header.Foreground is null ? null : arrays.Rent<byte>(voxels);
            if (classes is not null)
                crc = ReadInto(file, classes, crc);
            return ChecksumIsRight(file, ref crc)
                ? new PreprocessedCase(id, images, classes, header.Geometry, header.LabelMap, header.ForegroundVoxels, header.Backgrounds)
                : null;
        }
        catch (Exception exception) when (IsDamage(exception))
        {
            return null;
        }
    }

    /// <summary>
    /// Reads an entry through to its checksum, keeping no more of it than where some voxels of each class lie; null where there is none,
    /// or a damaged one, or one of another source.
    /// </summary>
    public static Verified? Verify(string path, string sourceKey)
    {
        try
        {
            using FileStream file = Open(path);
            DateTime time = File.GetLastWriteTimeUtc(file.SafeFileHandle);
            uint crc = 0;
            Header? header = ReadHeader(file, ref crc);
            if (header is null || header.SourceKey != sourceKey || header.Foreground is null
                || file.Length != file.Position + header.PayloadLength + sizeof(uint))
            {
                return null;
            }

            long payload = file.Position;
            byte[] piece = new byte[PieceLength];
            ForegroundSample.Collector foreground = new();
            int voxels = header.Geometry.Size.VoxelCount;
            // The checksum goes word by word through each array, so that a piece must not end within a word of it.
            foreach (long length in header.Modalities.Select(_ => sizeof(float) * (long)voxels).Append(voxels))
            {
                for (long done = 0; done < length; done += PieceLength)
                {
                    Span<byte> part = piece.AsSpan(0, (int)Math.Min(PieceLength, length - done));
                    crc = ReadInto(file, part, crc);
                    if (length == voxels)
                        foreground.Add(part);
                }
            }

            return ChecksumIsRight(file, ref crc) ? new Verified(header, payload, foreground.ToSample(), file.Length, time) : null;
        }
        catch (Exception exception) when (IsDamage(exception))
        {
            return null;
        }
    }

    private static bool IsDamage(Exception exception) => exception
        is FileNotFoundException or DirectoryNotFoundException or EndOfStreamException or JsonException;

    private static FileStream Open(string path) => new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);

    private static Header? ReadHeader(FileStream file, ref uint crc)
    {
        Span<byte> start = stackalloc byte[Magic.Length + sizeof(int)];
        crc = ReadInto(file, start, crc);
        int length = BinaryPrimitives.ReadInt32LittleEndian(start[Magic.Length..]);
        if (!start[..Magic.Length].SequenceEqual(Magic) || length is < 2 or > MaximumHeaderLength)
            return null;
        byte[] json = new byte[length];
        crc = ReadInto(file, json, crc);
        return ChecksumIsRight(file, ref crc) ? JsonFile.Convert<Header>(JsonFile.Parse(json), JsonSerializerOptions.Default) : null;
    }

    private static bool ChecksumIsRight(FileStream file, ref uint crc)
    {
        uint expected = crc;
        Span<byte> stored = stackalloc byte[sizeof(uint)];
        crc = ReadInto(file, stored, crc);
        return BinaryPrimitives.ReadUInt32LittleEndian(stored) == expected;
    }

    private static uint ReadInto(FileStream file, Span<byte> bytes, uint crc)
    {
        file.ReadExactly(bytes);
        return Checksum(crc, bytes);
    }

    /// <summary>CRC-32C (without its usual inversions), with the processor's own instruction where it has one.</summary>
    private static uint Checksum(uint crc, ReadOnlySpan<byte> bytes)
    {
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(bytes))
            crc = BitOperations.Crc32C(crc, word);
        foreach (byte last in bytes[(bytes.Length & ~7)..])
            crc = BitOperations.Crc32C(crc, last);
        return crc;
    }

    /// <summary>An entry whose checksum is right.</summary>
    /// <param name="Header">Its header.</param>
    /// <param name="Payload">Where its voxels begin in the file.</param>
    /// <param name="Foreground">Some voxels of each class.</param>
    /// <param name="Length">The length of the file.</param>
    /// <param name="Time">When it was written.</param>
    internal sealed record Verified(Header Header, long Payload, ForegroundSample Foreground, long Length, DateTime Time)
    {
        /// <summary>Whether an open file is still the one that was verified.</summary>
        public bool IsOf(SafeFileHandle file) => RandomAccess.GetLength(file) == Length && File.GetLastWriteTimeUtc(file) == Time;
    }

    /// <summary>All of a case but its voxels.</summary>
    // Labels: the number on disk of each class other than background, in the order of the classes. Foreground: the voxels of each of these
    // classes, followed by those that the crop keeps. Older entries use other keys in both, and more of them at the end, so the order counts alone.
    internal sealed record Header(
        string SourceKey,
        string[] Modalities,
        int[] NativeSize,
        double[] NativeAffine,
        int[] CropOffset,
        int[] CropSize,
        int SubsamplingFactor,
        OrderedDictionary<string, int> Labels,
        [property: JsonPropertyName("Tumour")] OrderedDictionary<string, double>? Foreground,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Dictionary<int, int>? OtherLabels = null,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Dictionary<string, float>? Backgrounds = null,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double[]? Spacing = null)
    {
        private const string Kept = "kept";

        private PreprocessingGeometry? _geometry;

        internal PreprocessingGeometry Geometry => _geometry ??= new(
            new VolumeGrid(new VolumeSize(NativeSize[0], NativeSize[1], NativeSize[2]), AffineOf(NativeAffine)),
            (CropOffset[0], CropOffset[1], CropOffset[2]),
            new VolumeSize(CropSize[0], CropSize[1], CropSize[2]),
            SubsamplingFactor,
            Spacing is null ? null : new Spacing(Spacing[0], Spacing[1], Spacing[2]));

        internal LabelMap LabelMap => new(Labels.Select(label => (label.Key, label.Value)), OtherLabels ?? []);

        internal ForegroundVoxels? ForegroundVoxels => Foreground is null
            ? null
            : new(Foreground.Values.Take(Labels.Count).Select(count => (int)count), (int)Foreground.GetAt(Labels.Count).Value);

        internal long PayloadLength => (long)Geometry.Size.VoxelCount * ((Modalities.Length * sizeof(float)) + (Foreground is null ? 0 : 1));

        public static Header Of(PreprocessedCase item, string sourceKey)
        {
            (PreprocessingGeometry g, VolumeGrid grid, Affine a) = (item.Geometry, item.Geometry.NativeGrid, item.Geometry.NativeGrid.Affine);
            return new Header(
                sourceKey,
                [.. item.Images.Keys],
                [grid.Size.X, grid.Size.Y, grid.Size.Z],
                [a.M11, a.M12, a.M13, a.M14, a.M21, a.M22, a.M23, a.M24, a.M31, a.M32, a.M33, a.M34],
                [g.CropOffset.X, g.CropOffset.Y, g.CropOffset.Z],
                [g.CropSize.X, g.CropSize.Y, g.CropSize.Z],
                g.SubsamplingFactor,
                new(item.Labels.Names.Select((name, number) => KeyValuePair.Create(name, item.Labels.LabelOf(number))).Skip(1)),
                item.Foreground is null ? null : Counts(item.Foreground),
                item.Labels.Others is { Count: > 0 } others ? new(others) : null,
                item.Backgrounds.Count > 0 ? new(item.Backgrounds) : null,
                g.Spacing is { } spacing ? [spacing.X, spacing.Y, spacing.Z] : null);
        }

        private static OrderedDictionary<string, double> Counts(ForegroundVoxels voxels)
        {
            OrderedDictionary<string, double> counts = [];
            for (int number = 1; number <= voxels.ClassCount; number++)
                counts.Add(number.ToString(CultureInfo.InvariantCulture), voxels[number]);
            counts.Add(Kept, voxels.Kept);
            return counts;
        }

        private static Affine AffineOf(double[] m) => new(m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7], m[8], m[9], m[10], m[11]);
    }
}
