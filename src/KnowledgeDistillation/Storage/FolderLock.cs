namespace KnowledgeDistillation.Storage;

/// <summary>
/// Keeps a folder for one writer at a time, among the threads and processes of a machine. A process that dies lets its lock go, whatever it leaves behind.
/// </summary>
/// <remarks>The lock is that of the operating system on a file, <c>writer.lock</c>, which is there only meanwhile.</remarks>
internal sealed class FolderLock : IDisposable
{
    private const string Name = "writer.lock";

    private readonly FileStream _file;

    private FolderLock(FileStream file) => _file = file;

    /// <summary>Takes the folder.</summary>
    /// <param name="folder">The folder, which is made where it is missing.</param>
    /// <returns>The lock, to be disposed when the folder is free again; null where another writer has it.</returns>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder must not be written.</exception>
    public static FolderLock? TryTake(string folder)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, Name);
        while (true)
        {
            FileStream file;
            try
            {
                file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
            }
            catch (IOException) when (File.Exists(path))
            {
                return null;
            }

            // The former writer may have deleted the file after it was opened here: then the lock is on a file that nobody else sees.
            if (File.Exists(path))
                return new FolderLock(file);
            file.Dispose();
        }
    }

    public void Dispose() => _file.Dispose();
}
