using System.IO.Compression;

namespace KnowledgeDistillation.Medical.Nifti;

/// <summary>
/// A file or stream, compressed or not, read from start to end. It never allocates more than the file has been seen to hold, because lengths
/// come from a header that may be wrong.
/// </summary>
internal sealed class NiftiSource : IDisposable
{
    // Deflate cannot store more than 1032 bytes in one (a match of 258 bytes in two bits).
    private const long GreatestRatio = 1032;
    private const int FirstBlock = 1 << 20;
    private readonly Stream raw;
    private readonly Stream stream;
    private readonly bool compressed;
    private readonly long atMost;
    private readonly long storedLength;
    private readonly long start;
    private long position;

    public NiftiSource(string path)
        : this(Open(path), path)
    {
    }

    /// <summary>Reads from a stream, which the source owns from now on.</summary>
    /// <param name="source">A stream that can seek, which holds the file from its position to its end.</param>
    /// <param name="name">What messages call it.</param>
    public NiftiSource(Stream source, string name)
    {
        (raw, Path, start) = (source, name, source.Position);
        try
        {
            long length = source.Length - start;
            Span<byte> magic = stackalloc byte[2];
            compressed = source.ReadAtLeast(magic, 2, throwOnEndOfStream: false) == 2 && magic is [0x1f, 0x8b];
            atMost = storedLength = length;
            if (compressed)
            {
                // A gzip file ends with the number of bytes it holds (modulo 4 GiB). It is a hint only: it may lie, and a
                // file of several members gives that of the last.
                Span<byte> trailer = stackalloc byte[4];
                source.Seek(-Math.Min(4, length), SeekOrigin.End);
                storedLength = source.ReadAtLeast(trailer, 4, throwOnEndOfStream: false) == 4
                    ? System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(trailer)
                    : 0;
                atMost = length * GreatestRatio;
            }

            source.Position = start;
            stream = compressed ? new GZipStream(source, CompressionMode.Decompress) : source;
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>The file, or what messages call the stream.</summary>
    public string Path { get; }

    public void Dispose() => stream.Dispose();

    /// <summary>Fills the buffer, or as much of it as the file has; the number of bytes is returned.</summary>
    public int Read(Span<byte> buffer)
    {
        try
        {
            int read = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            position += read;
            return read;
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException)
        {
            throw new NiftiException($"{Path}: the gzip data are damaged or cut off ({exception.Message.TrimEnd('.')}); get the file again.", exception);
        }
    }

    /// <summary>Fills the buffer.</summary>
    public void ReadExactly(Span<byte> buffer, string what)
    {
        if (Read(buffer) < buffer.Length)
            throw EndsEarly(what);
    }

    /// <summary>The next bytes, in an array that grows with what the file turns out to hold.</summary>
    public byte[] ReadBlock(long count, string what)
    {
        CheckReach(count, what);
        if (count > Array.MaxLength)
        {
            throw new NiftiException(
                $"{Path}: {what} of {count:N0} bytes are more than one array can hold ({Array.MaxLength:N0}); split the file into smaller ones.");
        }

        bool lengthKnown = !compressed || position + count <= storedLength;
        byte[] block = GC.AllocateUninitializedArray<byte>((int)(lengthKnown ? count : Math.Min(count, FirstBlock)));
        ReadExactly(block, what);
        while (block.Length < count)
        {
            int filled = block.Length;
            Array.Resize(ref block, (int)Math.Min(count, 2L * filled));
            ReadExactly(block.AsSpan(filled), what);
        }
        return block;
    }

    /// <summary>All that is left, up to a limit; more than the limit is refused.</summary>
    public byte[] ReadToEnd(int limit, string what)
    {
        byte[] block = new byte[1 << 12];
        int filled = 0;
        while (true)
        {
            filled += Read(block.AsSpan(filled));
            if (filled < block.Length)
                return block[..filled];
            if (filled >= limit)
                throw new NiftiException($"{Path}: {what} are larger than {limit:N0} bytes, which no reasonable file needs; get the file again.");
            Array.Resize(ref block, (int)Math.Min(limit, 2L * filled));
        }
    }

    /// <summary>Skips the next bytes.</summary>
    public void Skip(long count, string what)
    {
        CheckReach(count, what);
        if (!compressed)
        {
            stream.Seek(count, SeekOrigin.Current);
            position += count;
            return;
        }
        byte[] buffer = new byte[(int)Math.Min(count, 1 << 16)];
        for (long left = count; left > 0;)
        {
            int length = (int)Math.Min(left, buffer.Length);
            ReadExactly(buffer.AsSpan(0, length), what);
            left -= length;
        }
    }

    /// <summary>
    /// Reads past the last byte that is needed to the end of gzip data, where their check sum is compared. A file with much
    /// more than was needed stays unchecked.
    /// </summary>
    public void VerifyCheckSum()
    {
        const int atMostUnneeded = 1 << 24;
        if (!compressed)
            return;
        byte[] unneeded = new byte[1 << 12];
        long needed = position;
        while (position - needed < atMostUnneeded)
        {
            if (Read(unneeded) == unneeded.Length)
                continue;
            // .NET takes data that are cut off for complete; then the last four bytes of the file are not their length.
            if (storedLength > position || (storedLength < position && !HasSecondMember()))
                throw EndsEarly("the compressed data");
            return;
        }
    }

    // Several gzip members in a row are allowed (bgzip writes them); each ends with its own length. Looked for only where
    // the length disagrees.
    private bool HasSecondMember()
    {
        byte[] all = new byte[raw.Length - start];
        raw.Position = start;
        raw.ReadExactly(all);
        return all.AsSpan(3).IndexOf((ReadOnlySpan<byte>)[0x1f, 0x8b, 0x08]) >= 0;
    }

    private static FileStream Open(string path)
    {
        FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        if (file.CanSeek)
            return file;
        file.Dispose();
        throw new NiftiException($"{path}: this is a pipe or a device, which can be read only once; write what comes out of it to a file and give its name.");
    }

    private void CheckReach(long count, string what)
    {
        if (count > atMost - position)
            throw EndsEarly(what);
    }

    private NiftiException EndsEarly(string what) =>
        new($"{Path}: the file ends before {what} do, so it is cut off or its header is damaged; get it again.");
}
