namespace KnowledgeDistillation.Samples.BraTS.CommandLine;

/// <summary>Looks before the work whether its results can be written, so that none is lost at the end.</summary>
internal static class Outputs
{
    /// <summary>Refuses a folder in which nothing could be written. What is missing is not made yet.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="option">The option that names it.</param>
    /// <exception cref="UsageException">It is a file, or cannot be written.</exception>
    public static void RequireFolder(string path, string option)
    {
        string folder = Path.GetFullPath(path);
        for (string? part = folder; part is not null; part = Path.GetDirectoryName(part))
        {
            if (File.Exists(part))
                throw new UsageException($"'{part}' ({option}) is a file, so it cannot be a folder for results: choose another.");
            if (!Directory.Exists(part))
                continue;
            RequireWritable(part, option);
            return;
        }
    }

    /// <summary>Refuses a file that could not be written.</summary>
    /// <param name="path">The file.</param>
    /// <param name="option">The option that names it.</param>
    /// <exception cref="UsageException">It is a folder, or cannot be written.</exception>
    public static void RequireFile(string path, string option)
    {
        string file = Path.GetFullPath(path);
        if (Directory.Exists(file))
            throw new UsageException($"'{path}' ({option}) is a folder, but a file is written: add its name.");
        RequireFolder(Path.GetDirectoryName(file) ?? file, option);
    }

    private static void RequireWritable(string folder, string option)
    {
        string probe = Path.Combine(folder, $".kdnet-{Guid.NewGuid():N}");
        try
        {
            using (new FileStream(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose))
            {
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            string reason = exception is UnauthorizedAccessException ? "you may not write there" : "the file system does not allow it, or is full";
            throw new UsageException($"Nothing can be written in '{folder}' ({option}), because {reason}: choose another folder.", exception);
        }
    }
}
