using KnowledgeDistillation.Benchmarks.Harness;

namespace KnowledgeDistillation.Benchmarks.Report;

/// <summary>The part of a Markdown file between two comments, which a run of the benchmarks fills.</summary>
internal static class DocumentSection
{
    public static void Replace(string path, string name, string text)
    {
        (string begin, string end) = ($"<!-- benchmarks: {name} -->", "<!-- end of benchmarks -->");
        string document = File.ReadAllText(path);
        int from = document.IndexOf(begin, StringComparison.Ordinal);
        int to = from < 0 ? -1 : document.IndexOf(end, from, StringComparison.Ordinal);
        if (to < 0)
            throw new BenchmarkException($"{path} has no section between {begin} and {end}.");
        File.WriteAllText(path, $"{document[..(from + begin.Length)]}\n\n{text.Trim()}\n\n{document[to..]}");
    }
}
