using System.IO.Compression;

namespace KnowledgeDistillation.Storage;

/// <summary>
/// A model as one file to hand over, a zip archive: <c>model.json</c> and <c>weights.safetensors</c> as in the folder of a checkpoint, with the checksums that
/// they have there, and <c>LICENSE.txt</c>.
/// </summary>
public static class ModelArchive
{
    /// <summary>How the name of an archive ends.</summary>
    public const string Ending = ".zip";

    private const string LicenseName = "LICENSE.txt";
    private const long LargestText = 1 << 24;

    // The earliest that a zip archive can say, so that equal models give equal files.
    private static readonly DateTimeOffset NoTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Whether a path is that of a file that may be an archive, judged by its name.</summary>
    /// <param name="path">The path.</param>
    public static bool IsMeantBy(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path.EndsWith(Ending, StringComparison.OrdinalIgnoreCase) && File.Exists(path);
    }

    /// <summary>Writes an archive, replacing one that is there only when all is written.</summary>
    /// <param name="folder">The folder of the model, as <see cref="Inference.SegmentationModel.Save"/> writes it.</param>
    /// <param name="path">The file.</param>
    /// <param name="license">The text of the license.</param>
    /// <exception cref="CheckpointException">The folder holds no model, or a damaged one.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(string folder, string path, string license)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentNullException.ThrowIfNull(license);
        string resolved = AtomicDirectory.Resolve(folder) ?? folder;
        // Reads all checksums.
        ModelFiles.ReadDescription(resolved);
        AtomicFile.Write(path, stream =>
        {
            using ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true);
            foreach (string name in ModelFiles.Names)
            {
                Add(name, target =>
                {
                    using FileStream source = File.OpenRead(Path.Combine(resolved, name));
                    source.CopyTo(target);
                });
            }

            Add(LicenseName, target => target.Write(System.Text.Encoding.UTF8.GetBytes(license)));

            void Add(string name, Action<Stream> write)
            {
                // Weights hardly become smaller, and what is not compressed cannot become larger than its file where it is read.
                ZipArchiveEntry entry = archive.CreateEntry(name, CompressionLevel.NoCompression);
                entry.LastWriteTime = NoTime;
                using Stream target = entry.Open();
                write(target);
            }
        });
    }

    /// <summary>The text of the license in an archive; null where there is none.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CheckpointException">It is no archive, or damaged, or the text has more than 16 MB.</exception>
    public static string? ReadLicense(string path) => Read(path, zip =>
    {
        if (zip.Find(LicenseName) is not { } entry)
            return null;
        using StreamReader reader = new(new MemoryStream(ZipEntries.Bytes(entry, LargestText)));
        return reader.ReadToEnd();
    });

    /// <summary>Unpacks the model of an archive for as long as it is read.</summary>
    /// <param name="path">The file.</param>
    /// <param name="read">
    /// Reads the folder of the model. What it throws is passed on as it is, a <see cref="CheckpointException"/> as one of the archive.
    /// </param>
    /// <exception cref="CheckpointException">It is no archive of a model, or damaged, or cannot be unpacked.</exception>
    internal static T Open<T>(string path, Func<string, T> read)
    {
        DirectoryInfo folder = TemporaryFolder(path);
        try
        {
            Read(path, zip => Unpack(path, zip, folder.FullName));
            return read(folder.FullName);
        }
        catch (CheckpointException exception) when (exception.Path != path)
        {
            // Where it was unpacked says nothing to anybody.
            string reason = exception.Message.Replace(folder.FullName + Path.DirectorySeparatorChar, "", StringComparison.Ordinal);
            throw new CheckpointException(path, reason, exception);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static DirectoryInfo TemporaryFolder(string path)
    {
        try
        {
            return Directory.CreateTempSubdirectory("kd-model-");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw CannotBeUnpacked(path, exception);
        }
    }

    // Only what a model has, whatever else lies in the archive, and by names of our own.
    private static bool Unpack(string path, ZipEntries zip, string folder)
    {
        foreach (string name in ModelFiles.Names)
        {
            ZipArchiveEntry entry = zip.Find(name) ?? throw new CheckpointException(path, $"it is no model: '{name}' is missing in it");
            using Stream source = name == ModelFiles.WeightsName ? zip.OpenStored(entry) : new MemoryStream(ZipEntries.Bytes(entry, LargestText));
            try
            {
                using FileStream target = File.Create(Path.Combine(folder, name));
                source.CopyTo(target);
            }
            catch (Exception exception) when (exception is IOException and not EndOfStreamException or UnauthorizedAccessException)
            {
                throw CannotBeUnpacked(path, exception);
            }
        }

        return true;
    }

    private static CheckpointException CannotBeUnpacked(string path, Exception exception) =>
        new(path, $"it cannot be unpacked into '{Path.GetTempPath()}' ({exception.Message})", exception);

    private static T Read<T>(string path, Func<ZipEntries, T> read)
    {
        try
        {
            using ZipEntries zip = new(path);
            return read(zip);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CheckpointException(path, "there is no such file", exception);
        }
        catch (Exception exception) when (exception is InvalidDataException or NotSupportedException or EndOfStreamException or ArgumentException)
        {
            throw new CheckpointException(path, $"it is no zip archive, or damaged ({exception.Message})", exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new CheckpointException(path, exception.Message, exception);
        }
    }
}
