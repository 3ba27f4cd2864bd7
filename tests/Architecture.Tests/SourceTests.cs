using System.Text.RegularExpressions;
using System.Xml.Linq;
using FluentAssertions;
using KnowledgeDistillation.Tests;
using Xunit;

namespace KnowledgeDistillation.Architecture.Tests;

/// <summary>Rules for the files as they are on disk.</summary>
public sealed partial class SourceTests
{
    private const int LongestLine = 160;

    [Fact]
    public void Namespaces_are_the_folders()
    {
        var wrong = new List<string>();
        int files = 0;
        foreach ((string folder, string root) in Projects())
        {
            foreach (string file in SourceFiles.WithExtension(".cs").Where(file => file.StartsWith(folder + "/", StringComparison.Ordinal)))
            {
                // Build steps that NuGet hands to applications are compiled there.
                if (file.Contains("/buildTransitive/"))
                    continue;
                files++;
                string text = SourceFiles.Text(file);
                string below = Path.GetDirectoryName(file)![folder.Length..].Replace('\\', '/').Replace('/', '.');
                string[] found = [.. NamespaceDeclaration().Matches(text).Select(match => match.Groups[1].Value)];
                // A program's top-level statements stand in no namespace, and in the top folder.
                bool isProgram = found.Length == 0 && below.Length == 0 && !TypeDeclaration().IsMatch(text);
                if (!isProgram && !found.SequenceEqual([root + below]))
                    wrong.Add($"{file}: {string.Join(", ", found)} should be {root + below}");
            }
        }

        Findings.None(wrong);
        files.Should().BeGreaterThan(300);
    }

    [Theory]
    [InlineData(".cs")]
    [InlineData(".md")]
    public void Lines_are_no_longer_than_160_characters(string extension)
    {
        IReadOnlyList<string> files = [.. SourceFiles.WithExtension(extension).Where(file => !IsWrittenByTheProgram(file))];
        files.Should().HaveCountGreaterThan(10);
        Findings.None(files.SelectMany(file => TooLong(SourceFiles.Lines(file), extension).Select(line => $"{file}:{line}")));
    }

    [Fact]
    public void Long_lines_are_found_and_what_cannot_be_broken_is_excepted()
    {
        string words = string.Concat(Enumerable.Repeat("word ", 33)), address = $"https://example.org/{new string('a', 150)}";
        TooLong([words], ".md").Should().Equal(1);
        TooLong([words[..160], $"| {words} |", "```sh", words, "```", address, $"> {address} and a few words"], ".md").Should().BeEmpty();
        TooLong(["```csharp", words, "```", words, $"{words}{address}"], ".md").Should().Equal(2, 4, 5);
        TooLong(["var help = \"\"\"", words, "\"\"\";", words], ".cs").Should().Equal(4);
        TooLong(["var text = \"\"\"short\"\"\";", words, $"| {words} |"], ".cs").Should().Equal(2, 3);
    }

    // Finalizers of earlier tests disturb every other way.
    [Fact]
    public void Tests_count_live_tensors_in_one_way() => SourceFiles.WithExtension(".cs")
        .Where(file => file.StartsWith("tests/", StringComparison.Ordinal) && !file.StartsWith("tests/Benchmarks/", StringComparison.Ordinal)
            && SourceFiles.Text(file).Contains("Tensor." + "TotalCount", StringComparison.Ordinal))
        .Should().Equal("tests/Shared/LiveTensors.cs");

    [Fact]
    public void Nothing_is_left_to_be_done_later() => Findings.None(
        SourceFiles.WithExtension(".cs").Concat(SourceFiles.WithExtension(".md")).Where(file => UnfinishedWork().IsMatch(SourceFiles.Text(file))));

    // The packages and the console: their folders and the namespaces of these.
    private static IEnumerable<(string Folder, string Root)> Projects()
    {
        foreach (string project in SourceFiles.WithExtension(".csproj").Where(file => file.StartsWith("src/") || file.StartsWith("samples/BraTS/")))
        {
            string? root = XDocument.Load(Path.Combine(SharedData.CheckoutFolder, project)).Descendants("RootNamespace").SingleOrDefault()?.Value;
            yield return (Path.GetDirectoryName(project)!.Replace('\\', '/'), root ?? Path.GetFileNameWithoutExtension(project));
        }
    }

    // docs/results keeps the reports of a reproduction as the program wrote them.
    private static bool IsWrittenByTheProgram(string file) => file.StartsWith("docs/results/") && Path.GetFileName(file) == "report.md";

    /// <summary>
    /// The numbers of the lines that are too long. In prose, what cannot be broken is excepted: tables, blocks of any language but C# (command lines and
    /// output), and addresses. In code, the lines of a raw string are: they are paragraphs that the program wraps itself.
    /// </summary>
    private static IEnumerable<int> TooLong(string[] lines, string extension)
    {
        bool isCode = extension == ".cs";
        bool isInRawString = false;
        string? block = null;
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i], trimmed = line.TrimStart();
            bool isExcepted = isCode ? isInRawString : block is not null and not "csharp" || trimmed.StartsWith('|');
            if (isCode && RawStringQuotes().Count(line) % 2 == 1)
                isInRawString = !isInRawString;
            if (!isCode && trimmed.StartsWith("```"))
                block = block is null ? trimmed[3..].Trim() : null;
            if (!isExcepted && Address().Replace(line, "").Length + (Address().IsMatch(line) ? 1 : 0) > LongestLine)
                yield return i + 1;
        }
    }

    [GeneratedRegex(@"^namespace ([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex NamespaceDeclaration();

    [GeneratedRegex(@"^((public|internal|file|sealed|static|abstract|partial|readonly) )*(class|record|struct|interface|enum) ", RegexOptions.Multiline)]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex("\"\"\"+")]
    private static partial Regex RawStringQuotes();

    [GeneratedRegex(@"https?://\S+")]
    private static partial Regex Address();

    [GeneratedRegex(@"\bTO[D]O\b|\bFIX[M]E\b")]
    private static partial Regex UnfinishedWork();
}
