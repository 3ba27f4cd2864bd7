using System.IO.Compression;

namespace KnowledgeDistillation.Storage;

/// <summary>Reads a zip archive that may be hostile: what is taken from it is never much larger than its file.</summary>
internal sealed class ZipEntries : IDisposable
{
    private readonly ZipArchive _archive;
    private long _left;

    /// <summary>Opens an archive.</summary>
    /// <exception cref="InvalidDataException">It is none, or damaged.</exception>
    /// <exception cref="IOException">It is missing or cannot be opened.</exception>
    public ZipEntries(string path)
    {
        _left = new FileInfo(path).Length;
        _archive = ZipFile.OpenRead(path);
    }

    /// <summary>All entries.</summary>
    public IReadOnlyList<ZipArchiveEntry> All => _archive.Entries;

    /// <summary>The entry with a name; null where there is none.</summary>
    public ZipArchiveEntry? Find(string name) => _archive.GetEntry(name);

    /// <summary>Opens an entry that must not be compressed, because what is compressed may be far larger than the file.</summary>
    /// <exception cref="InvalidDataException">It is compressed, or all that was opened is together larger than the file.</exception>
    public Stream OpenStored(ZipArchiveEntry entry)
    {
        if (entry.CompressedLength != entry.Length)
            throw new InvalidDataException($"{entry.Name} is compressed, which it must not be");
        // A directory may name the same bytes many times.
        _left -= entry.Length;
        return _left >= 0 ? entry.Open() : throw new InvalidDataException("its entries are together longer than the file");
    }

    /// <summary>The bytes of an entry that must not be compressed.</summary>
    /// <exception cref="InvalidDataException">It is compressed, or has more bytes than <paramref name="most"/>.</exception>
    public byte[] StoredBytes(ZipArchiveEntry entry, long most) => Bytes(entry, most, OpenStored);

    /// <summary>The bytes of an entry, compressed or not.</summary>
    /// <exception cref="InvalidDataException">It has more bytes than <paramref name="most"/>.</exception>
    public static byte[] Bytes(ZipArchiveEntry entry, long most) => Bytes(entry, most, each => each.Open());

    /// <inheritdoc/>
    public void Dispose() => _archive.Dispose();

    private static byte[] Bytes(ZipArchiveEntry entry, long most, Func<ZipArchiveEntry, Stream> open)
    {
        if (entry.Length > most)
            throw new InvalidDataException($"{entry.Name} has {entry.Length} bytes, more than the {most} that it may have");
        using Stream stream = open(entry);
        byte[] bytes = new byte[entry.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
