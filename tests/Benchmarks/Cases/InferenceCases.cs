using KnowledgeDistillation.Benchmarks.Harness;
using KnowledgeDistillation.Benchmarks.Ours;
using KnowledgeDistillation.Benchmarks.Plain;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Benchmarks.Cases;

/// <summary>Probabilities from trained networks.</summary>
internal static class InferenceCases
{
    public static IReadOnlyList<BenchmarkCase> All { get; } =
    [
        new("inference", "one volume, float32", OurInference.Volume(new OurWay()), PlainInference.Volume)
        {
            Targets = [new Target("inference, float32", Measure.Ratio, 0.65)],
        },
        new("inference bfloat16", "one volume, bfloat16", OurInference.Volume(new OurWay { Precision = Precision.Mixed }), PlainInference.Volume)
        {
            Targets = [new Target("inference, bfloat16", Measure.Ratio, 0.42)],
        },
        new(
            "sliding window",
            "a head of 240×240×155, windows half a window apart, those of air skipped, bfloat16",
            OurInference.SlidingWindow(new OurWay { Precision = Precision.Mixed, SkipBackground = true }),
            PlainInference.SlidingWindow)
        {
            Targets = [new Target("sliding window 240×240×155, overlap 0.5, bfloat16", Measure.Ratio, 0.5)],
            WarmUp = 0,
            Repetitions = 2,
        },
    ];
}
