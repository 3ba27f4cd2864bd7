using KnowledgeDistillation.Tests;

namespace KnowledgeDistillation.Architecture.Tests;

/// <summary>The files of the checkout that people write.</summary>
internal static class SourceFiles
{
    private static readonly string[] MadeFolders = ["bin", "obj", "artifacts", "node_modules"];

    /// <summary>The files with an extension, relative to the checkout and with forward slashes.</summary>
    public static IReadOnlyList<string> WithExtension(string extension) =>
        [.. In(new DirectoryInfo(SharedData.CheckoutFolder), extension).Order(StringComparer.Ordinal)];

    public static string[] Lines(string file) => File.ReadAllLines(Path.Combine(SharedData.CheckoutFolder, file));

    public static string Text(string file) => File.ReadAllText(Path.Combine(SharedData.CheckoutFolder, file));

    // Build outputs, hidden folders and links to elsewhere do not belong to the checkout.
    private static IEnumerable<string> In(DirectoryInfo folder, string extension)
    {
        foreach (FileInfo file in folder.EnumerateFiles("*" + extension))
            yield return Path.GetRelativePath(SharedData.CheckoutFolder, file.FullName).Replace('\\', '/');
        foreach (DirectoryInfo below in folder.EnumerateDirectories())
        {
            if (MadeFolders.Contains(below.Name) || below.Name.StartsWith('.') && below.Name != ".ci" || below.LinkTarget is not null)
                continue;
            foreach (string file in In(below, extension))
                yield return file;
        }
    }
}
