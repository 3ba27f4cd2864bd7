using KnowledgeDistillation.Benchmarks.Harness;

namespace KnowledgeDistillation.Benchmarks.Cases;

/// <summary>Everything that is measured.</summary>
internal static class AllCases
{
    public static IReadOnlyList<BenchmarkCase> All { get; } =
        [.. TrainingCases.All, .. InferenceCases.All, .. DataCases.All, .. MetricCases.All, .. CheckpointCases.All, .. GrowthCases.All, .. OnnxCases.All,
            .. PyTorchCases.All, .. MethodCases.All];

    // Each has a table of its own.
    private static readonly string[] Apart = [GrowthCases.Prefix, OnnxCases.Prefix, PyTorchCases.Prefix, MethodCases.Prefix];

    public static BenchmarkCase Get(string name) => All.Single(item => item.Name == name);

    public static IEnumerable<BenchmarkCase> Matching(string? filter) => filter switch
    {
        null => All.Where(item => !Apart.Any(prefix => item.Name.StartsWith(prefix, StringComparison.Ordinal))),
        "*" => All,
        _ => All.Where(item => item.Name.Contains(filter, StringComparison.OrdinalIgnoreCase)),
    };
}
