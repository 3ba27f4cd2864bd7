namespace KnowledgeDistillation.Experiments.Runs;

/// <summary>Writes files so that their names always lead to complete ones.</summary>
internal static class OutputFile
{
    /// <summary>What the names of unfinished files end in.</summary>
    public const string Unfinished = ".tmp";

    /// <summary>Replaces the file, or makes it.</summary>
    public static void Write(string path, string text) =>
        Write(path, temporary => File.WriteAllText(temporary, text), temporary => File.Move(temporary, path, overwrite: true));

    /// <summary>Replaces the file, or makes it.</summary>
    public static void Write(string path, byte[] content) =>
        Write(path, temporary => File.WriteAllBytes(temporary, content), temporary => File.Move(temporary, path, overwrite: true));

    /// <summary>Makes the file unless it is there.</summary>
    /// <returns>Whether it was made; of several callers at once, only one is told so.</returns>
    public static bool TryCreate(string path, string text)
    {
        bool created = false;
        Write(path, temporary => File.WriteAllText(temporary, text), temporary =>
        {
            try
            {
                File.Move(temporary, path, overwrite: false);
                created = true;
            }
            catch (IOException) when (File.Exists(path))
            {
            }
        });
        return created;
    }

    private static void Write(string path, Action<string> fill, Action<string> publish)
    {
        string temporary = $"{path}.{Guid.NewGuid():N}{Unfinished}";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            fill(temporary);
            publish(temporary);
        }
        finally
        {
            File.Delete(temporary);
        }
    }
}
