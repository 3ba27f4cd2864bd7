using KnowledgeDistillation.Benchmarks.Harness;

namespace KnowledgeDistillation.Benchmarks.Cases;

/// <summary>Everything that is measured.</summary>
internal static class AllCases
{
    public static IReadOnlyList<BenchmarkCase> All { get; } =
        [.. TrainingCases.All, .. InferenceCases.All, .. DataCases.All, .. MetricCases.All, .. CheckpointCases.All, .. GrowthCases.All, .. OnnxCases.All];

    public static BenchmarkCase Get(string name) => All.Single(item => item.Name == name);

    public static IEnumerable<BenchmarkCase> Matching(string? filter) => filter switch
    {
        null => All.Where(item => !item.Name.StartsWith(GrowthCases.Prefix, StringComparison.Ordinal)
            && !item.Name.StartsWith(OnnxCases.Prefix, StringComparison.Ordinal)),
        "*" => All,
        _ => All.Where(item => item.Name.Contains(filter, StringComparison.OrdinalIgnoreCase)),
    };
}
