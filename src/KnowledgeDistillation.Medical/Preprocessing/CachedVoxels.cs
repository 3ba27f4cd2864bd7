using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KnowledgeDistillation.Medical.Preprocessing;

/// <summary>
/// Boxes of a case that lies preprocessed on disk, read without the rest of it. The checksum of an entry is over the whole file, so the file is read through
/// once before its first box, in pieces, and again only when it is another: one of other length or time.
/// </summary>
/// <remarks>Not safe for use by several threads at once: it keeps a buffer.</remarks>
internal sealed class CachedVoxels : IVoxelSource
{
    private readonly CachedCase _case;
    private CacheEntry.Verified _entry;
    private byte[] _rows = [];

    public CachedVoxels(CachedCase source)
    {
        _case = source;
        _entry = Verify();
    }

    public string Id => _case.Id;

    public PreprocessingGeometry Geometry => _entry.Header.Geometry;

    public LabelMap Labels => _entry.Header.LabelMap;

    public IReadOnlyList<string> Modalities => _entry.Header.Modalities;

    public ForegroundSample Foreground => _entry.Foreground;

    public void ReadImage(string modality, VoxelBox box, Span<float> target) => Read(box, Array.IndexOf(_entry.Header.Modalities, modality), target);

    public void ReadClasses(VoxelBox box, Span<byte> target) => Read(box, _entry.Header.Modalities.Length, target);

    // Whole rows of a slice lie together: one reading for each slice.
    private void Read<T>(VoxelBox box, int array, Span<T> target)
        where T : unmanaged
    {
        using SafeFileHandle file = Open();
        var volume = Geometry.Size;
        VoxelBox inside = box.Within(volume);
        if (inside.Size != box.Size)
            target.Clear();
        if (inside.Size is { X: 0 } or { Y: 0 })
            return;
        int element = Marshal.SizeOf<T>(), length = inside.Size.Y * volume.X * element;
        if (_rows.Length < length)
            _rows = GC.AllocateUninitializedArray<byte>(length);
        long start = _entry.Payload + ((long)array * volume.VoxelCount * sizeof(float));
        for (int z = inside.Z; z < inside.Z + inside.Size.Z; z++)
        {
            ReadExactly(file, _rows.AsSpan(0, length), start + ((long)volume.IndexOf(0, inside.Y, z) * element));
            box.CopySlice<T>(MemoryMarshal.Cast<byte, T>(_rows.AsSpan(0, length)), volume, inside, z, target);
        }
    }

    private void ReadExactly(SafeFileHandle file, Span<byte> bytes, long position)
    {
        while (!bytes.IsEmpty)
        {
            int count = RandomAccess.Read(file, bytes, position);
            if (count == 0)
                throw new InvalidDataException($"Case {Id}: the prepared images were cut off while they were read; try again.");
            bytes = bytes[count..];
            position += count;
        }
    }

    private SafeFileHandle Open()
    {
        SafeFileHandle? file = TryOpen();
        if (file is not null && _entry.IsOf(file))
            return file;
        file?.Dispose();
        _entry = Verify();
        return TryOpen()
            ?? throw new InvalidDataException($"Case {Id}: the prepared images vanish as soon as they are made; does another program clean '{_case.Path}'?");
    }

    private SafeFileHandle? TryOpen()
    {
        try
        {
            return File.OpenHandle(_case.Path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, FileOptions.RandomAccess);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private CacheEntry.Verified Verify()
    {
        if (CacheEntry.Verify(_case.Path, _case.SourceKey) is { } verified)
            return verified;
        _case.Rebuild();
        return CacheEntry.Verify(_case.Path, _case.SourceKey)
            ?? throw new InvalidDataException(
                $"Case {Id}: the prepared images are damaged as soon as they are written; is the disk of '{_case.Path}' full or failing?");
    }
}
