namespace KnowledgeDistillation.Storage;

/// <summary>
/// Replaces a folder so that a complete one, the former or the new, can be found at any moment, even after a crash. A folder cannot be renamed over
/// another, so there are two steps: <c>name</c> becomes <c>name.old</c>, then <c>name.tmp-…</c>, already complete and on disk, becomes
/// <c>name</c>. Between them only <c>name.old</c> is there; <see cref="Resolve"/> finds it.
/// </summary>
/// <remarks>Any number of readers, one writer at a time.</remarks>
public static class AtomicDirectory
{
    private const string OldSuffix = ".old";
    private const string TemporaryMark = ".tmp-";

    /// <summary>The complete folder that stands for <paramref name="path"/>, or null where there has never been one.</summary>
    /// <param name="path">The folder as it was written.</param>
    public static string? Resolve(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        path = Normalize(path);
        return Directory.Exists(path) ? path
            : Directory.Exists(path + OldSuffix) ? path + OldSuffix
            : null;
    }

    /// <summary>
    /// Replaces the folder, or makes it. Where <paramref name="fill"/> throws, the former folder stays and nothing else is left; what an
    /// interrupted writer left behind is removed.
    /// </summary>
    /// <param name="path">The folder.</param>
    /// <param name="fill">Writes the files into the empty folder whose path it is given, and closes them.</param>
    /// <exception cref="ArgumentException">The folder is the root of a file system.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder must not be written.</exception>
    public static void Write(string path, Action<string> fill)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentNullException.ThrowIfNull(fill);
        path = Normalize(path);
        string parent = Path.GetDirectoryName(path)
            ?? throw new ArgumentException($"'{path}' is the root of a file system and cannot be replaced.", nameof(path));
        string old = path + OldSuffix;
        Directory.CreateDirectory(parent);
        foreach (string sibling in Directory.GetDirectories(parent))
        {
            // Compared as text, not by a search pattern, in which the folder's own name might match others.
            if (sibling.StartsWith(path + TemporaryMark, StringComparison.Ordinal))
                Directory.Delete(sibling, recursive: true);
        }

        string temporary = AtomicFile.Unfinished(path);
        Directory.CreateDirectory(temporary);
        try
        {
            fill(temporary);
            foreach (string file in Directory.EnumerateFiles(temporary, "*", SearchOption.AllDirectories))
                FlushToDisk(file);

            // Where the last writer stopped between its two steps, name.old is the only complete folder and must stay until the new one has its name.
            if (Directory.Exists(path))
            {
                DeleteIfExists(old);
                Directory.Move(path, old);
            }
            Directory.Move(temporary, path);
        }
        catch
        {
            TryDelete(temporary);
            throw;
        }
        DeleteIfExists(old);
    }

    private static string Normalize(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));

    private static void FlushToDisk(string file)
    {
        using var handle = File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite);
        RandomAccess.FlushToDisk(handle);
    }

    private static void DeleteIfExists(string path)
    {
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
    }

    // Failing to remove a left-over must not hide why the writing failed; the next writer removes it.
    private static void TryDelete(string path)
    {
        try
        {
            DeleteIfExists(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }
}
