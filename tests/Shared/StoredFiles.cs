using Xunit;

namespace KnowledgeDistillation.Tests;

/// <summary>The files in tests/Fixtures/Stored, written by an earlier build and read by every later one: see the README there.</summary>
internal static class StoredFiles
{
    private const string Request = "WRITE_STORED_FILES";

    /// <summary>The path of a stored file or folder.</summary>
    public static string At(params string[] names) => Path.Combine([SharedData.CheckoutFolder, "tests", "Fixtures", "Stored", .. names]);

    /// <summary>Copies a folder, a stored one or another, so that a test may write to it.</summary>
    public static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    /// <summary>
    /// Skips the test unless stored files are to be written. Those that are there stay as they are,
    /// because a file written by this build would show nothing about former builds.
    /// </summary>
    public static void SkipUnlessWriting() => Assert.SkipUnless(
        Environment.GetEnvironmentVariable(Request) == "1",
        $"Stored files are written on request only, with {Request}=1: see tests/Fixtures/Stored/README.md.");
}
