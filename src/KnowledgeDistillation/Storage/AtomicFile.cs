using System.Text;

namespace KnowledgeDistillation.Storage;

/// <summary>
/// Writes a file so that its name always leads to a complete one, the former or the new: the content goes to a temporary file in the same
/// folder (<c>name.tmp-…</c>), then to disk, then takes the name in one step. Of several writers at once, the last one wins.
/// </summary>
/// <remarks>
/// A missing folder is made. Where a writer throws, the former file stays, nothing else is left, and the exception is the writer's own.
/// Temporary files that killed writers of the same name left behind are removed by the next writer once they are an hour old:
/// younger ones may belong to a writer that is still at work.
/// Safe for use by several threads and processes at once.
/// </remarks>
public static class AtomicFile
{
    private const int BufferSize = 1 << 16;
    private const string TemporaryMark = ".tmp-";
    private const int GuidLength = 32;

    private static readonly TimeSpan LeftOverAge = TimeSpan.FromHours(1);

    /// <summary>Replaces the file, or makes it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="write">Writes the content to the stream that it is given.</param>
    /// <param name="flushToDisk">Whether the content is on disk before it takes the name, so that it outlasts a loss of power. Default yes.
    /// Say no only for what is found by a checksum when it is damaged and can be made again, such as a cache.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file must not be written.</exception>
    public static void Write(string path, Action<Stream> write, bool flushToDisk = true)
    {
        ArgumentNullException.ThrowIfNull(write);
        WriteTogether([(path, write)], flushToDisk);
    }

    /// <summary>Replaces the file, or makes it, with a text in UTF-8.</summary>
    /// <param name="path">The file.</param>
    /// <param name="text">Its whole content.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file must not be written.</exception>
    public static void WriteText(string path, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));
    }

    /// <summary>Replaces files that belong together, or makes them: all are complete before the first takes its name, in the order given.</summary>
    /// <param name="files">Each file, and what writes its content to the stream that it is given.</param>
    /// <param name="flushToDisk">Whether the contents are on disk before they take the names. Default yes.</param>
    /// <exception cref="IOException">A file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">A file must not be written.</exception>
    public static void WriteTogether(IReadOnlyList<(string Path, Action<Stream> Write)> files, bool flushToDisk = true)
    {
        ArgumentNullException.ThrowIfNull(files);
        Write(files, flushToDisk, overwrite: true);
    }

    /// <summary>Makes the file with a text in UTF-8, unless it is there.</summary>
    /// <param name="path">The file.</param>
    /// <param name="text">Its whole content.</param>
    /// <returns>Whether it was made; of several callers at once, this is true for only one.</returns>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The file must not be written.</exception>
    public static bool TryCreate(string path, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        try
        {
            Write([(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)))], flushToDisk: true, overwrite: false);
            return true;
        }
        catch (IOException) when (File.Exists(path))
        {
            return false;
        }
    }

    /// <summary>Whether a path is that of a file or folder which a writer of this namespace has not completed.</summary>
    /// <param name="path">The path or the name alone.</param>
    public static bool IsUnfinished(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        int mark = path.LastIndexOf(TemporaryMark, StringComparison.Ordinal);
        return mark >= 0 && path[(mark + TemporaryMark.Length)..] is { Length: GuidLength } name && name.All(char.IsAsciiHexDigitLower);
    }

    /// <summary>A name for what is not complete yet, in the same folder.</summary>
    internal static string Unfinished(string path) => $"{path}{TemporaryMark}{Guid.NewGuid():N}";

    private static void Write(IReadOnlyList<(string Path, Action<Stream> Write)> files, bool flushToDisk, bool overwrite)
    {
        (string Path, string Temporary, Action<Stream> Write)[] parts =
        [
            .. files.Select(file => Path.GetFullPath(file.Path)).Zip(files, (path, file) => (path, Unfinished(path), file.Write)),
        ];
        try
        {
            foreach ((string path, string temporary, Action<Stream> write) in parts)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                RemoveLeftOvers(path);
                using var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, BufferSize);
                write(stream);
                stream.Flush(flushToDisk);
            }

            foreach ((string path, string temporary, _) in parts)
                File.Move(temporary, path, overwrite);
        }
        catch
        {
            foreach ((_, string temporary, _) in parts)
                TryDelete(temporary);
            throw;
        }
    }

    private static void RemoveLeftOvers(string path)
    {
        foreach (string sibling in Directory.EnumerateFiles(Path.GetDirectoryName(path)!, $"*{TemporaryMark}*"))
        {
            // Compared as text, not by a search pattern, in which the file's own name might match others.
            if (sibling.StartsWith(path + TemporaryMark, StringComparison.Ordinal)
                && IsUnfinished(sibling)
                && DateTime.UtcNow - File.GetLastWriteTimeUtc(sibling) > LeftOverAge)
            {
                TryDelete(sibling);
            }
        }
    }

    // A left-over must not hide why the writing failed, nor stop the next one.
    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }
}
