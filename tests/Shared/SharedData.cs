using System.Runtime.CompilerServices;
using Xunit;

namespace KnowledgeDistillation.Tests;

/// <summary>Finds the reference data that lies beside the checkout (never in it) and skips the test, saying why, where it is absent.</summary>
internal static class SharedData
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(SourceDirectory(), "..", "..", "..", "shared"));

    public static string Require(params string[] parts)
    {
        string path = Path.Combine([Root, .. parts]);
        Assert.SkipUnless(File.Exists(path) || Directory.Exists(path), $"Reference data is absent: {string.Join('/', parts)} was not found in the folder 'shared' beside the checkout.");
        return path;
    }

    private static string SourceDirectory([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
