using FluentAssertions;
using Xunit;

namespace KnowledgeDistillation.Tests.Docs;

/// <summary>Every C# block in the documentation must stand, line by line, in a file that is compiled: a sample or a test.</summary>
public class DocumentedCodeTests
{
    private static readonly Lazy<string[]> CompiledFiles = new(() =>
        [.. new[] { "samples", "tests" }
            .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(SharedData.CheckoutFolder, folder), "*.cs", SearchOption.AllDirectories))
            .Where(path => !path.Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"))
            .Select(path => Normalize(File.ReadAllLines(path)))]);

    public static TheoryData<string> Pages() =>
        [.. new[] { "README.md" }
            .Concat(Directory.EnumerateFiles(Path.Combine(SharedData.CheckoutFolder, "docs"), "*.md"))
            .Concat(Directory.EnumerateFiles(Path.Combine(SharedData.CheckoutFolder, "src"), "README.md", SearchOption.AllDirectories))
            .Select(path => Path.GetRelativePath(SharedData.CheckoutFolder, Path.Combine(SharedData.CheckoutFolder, path)))];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Code_in_the_documentation_is_compiled(string page)
    {
        string[] blocks = [.. CodeBlocks(File.ReadAllLines(Path.Combine(SharedData.CheckoutFolder, page)))];

        string[] notCompiled = [.. blocks.Where(block => !CompiledFiles.Value.Any(file => file.Contains(block, StringComparison.Ordinal)))];

        notCompiled.Should().BeEmpty($"each C# block of {page} must be taken from a sample or a test");
    }

    private static IEnumerable<string> CodeBlocks(string[] lines)
    {
        List<string>? block = null;
        foreach (string line in lines)
        {
            if (block is null && line.Trim() == "```csharp")
            {
                block = [];
            }
            else if (block is not null && line.Trim() == "```")
            {
                yield return Normalize(block);
                block = null;
            }
            else
            {
                block?.Add(line);
            }
        }
    }

    // Indentation and blank lines differ between a page and a class; using directives stand at the top of a file.
    private static string Normalize(IEnumerable<string> lines) =>
        string.Join(
            '\n', lines.Select(line => line.Trim()).Where(line => line.Length > 0
                && !line.StartsWith("using KnowledgeDistillation", StringComparison.Ordinal)
                && !line.StartsWith("using static", StringComparison.Ordinal)));
}
