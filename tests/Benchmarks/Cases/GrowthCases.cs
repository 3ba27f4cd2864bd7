using KnowledgeDistillation.Benchmarks.Harness;
using KnowledgeDistillation.Benchmarks.Ours;
using KnowledgeDistillation.Benchmarks.Plain;

namespace KnowledgeDistillation.Benchmarks.Cases;

/// <summary>
/// How the KD step grows with volume, width, batch and threads, one of them changed at a time, and the reading of an epoch with the number of cases.
/// </summary>
internal static class GrowthCases
{
    public const string Prefix = "growth: ";

    public static IReadOnlyList<BenchmarkCase> All { get; } =
    [
        .. new[] { 32, 48, 64 }.Select(size => Step($"{size}³", setting => setting with { Size = size })),
        .. new[] { 8, 16, 30 }.Select(width => Step($"width {width}", setting => setting with { Width = width })),
        .. new[] { 1, 2 }.Select(batch => Step($"batch {batch}", setting => setting with { Batch = batch })),
        .. new[] { 1, 2 }.Select(threads => Step($"threads {threads}", setting => setting with { Threads = threads })),
        .. new[] { 2, 4, 8, 16 }.Select(CasesRead),
    ];

    private static BenchmarkCase Step(string what, Func<Setting, Setting> adapt) =>
        new($"{Prefix}KD step, {what}", "teacher cached, float32", OurTraining.Distillation(new OurWay()), PlainTraining.Distillation)
        {
            Adapt = adapt,
            WarmUp = 2,
            Repetitions = 5,
        };

    private static BenchmarkCase CasesRead(int count) =>
        new(
            $"{Prefix}reading {count} cases",
            "batches from the cache, read and flipped, without a network",
            DataCases.Reading(count, readAhead: true),
            DataCases.Reading(count, readAhead: false))
        {
            Repetitions = 7,
        };
}
