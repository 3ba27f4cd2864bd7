namespace KnowledgeDistillation.Storage;

/// <summary>
/// Writes a file so that its name always leads to a complete one, the former or the new: the content goes to a temporary file in the same
/// folder, then to disk, then takes the name in one step. Of several writers at once, the last one wins.
/// </summary>
internal static class AtomicFile
{
    private const int BufferSize = 1 << 16;

    /// <summary>Replaces the file, or makes it. Where <paramref name="write"/> throws, the former file stays and nothing else is left.</summary>
    public static void Write(string path, Action<Stream> write)
    {
        path = Path.GetFullPath(path);
        string temporary = $"{path}.tmp-{Guid.NewGuid():N}";
        try
        {
            using (var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, BufferSize))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            TryDelete(temporary);
            throw;
        }
    }

    // A left-over must not hide why the writing failed.
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
