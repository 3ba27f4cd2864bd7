using KnowledgeDistillation.Benchmarks.Harness;
using KnowledgeDistillation.Benchmarks.Ours;
using KnowledgeDistillation.Benchmarks.Plain;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Benchmarks.Cases;

/// <summary>Steps and epochs of training.</summary>
internal static class TrainingCases
{
    public static IReadOnlyList<BenchmarkCase> All { get; } =
    [
        new("supervised step", "a step on all four modalities, float32", OurTraining.Supervised(new OurWay()), PlainTraining.Supervised)
        {
            Targets = [new Target("supervised step, float32", Measure.Ratio, 0.75)],
        },
        new(
            "supervised step bfloat16",
            "the same in mixed precision",
            OurTraining.Supervised(new OurWay { Precision = Precision.Mixed }),
            PlainTraining.Supervised),
        new(
            "KD step",
            "a step of a student with one modality, the teacher's answers cached, float32",
            OurTraining.Distillation(new OurWay()),
            PlainTraining.Distillation)
        {
            Targets =
            [
                new Target("KD step, float32, teacher cached", Measure.Ratio, 0.55),
                new Target("peak memory of a KD step, float32", Measure.PeakMemoryRatio, 0.6),
            ],
        },
        new("KD step bfloat16", "the same in mixed precision", OurTraining.Distillation(new OurWay { Precision = Precision.Mixed }), PlainTraining.Distillation)
        {
            Targets =
            [
                new Target("KD step, bfloat16 mixed, teacher cached", Measure.Ratio, 0.33),
                new Target("peak memory of a KD step, bfloat16 mixed", Measure.PeakMemoryRatio, 0.6),
            ],
        },
        new(
            "KD step, no cache",
            "a step with the teacher run anew, float32",
            OurTraining.Distillation(new OurWay { TeacherCache = null }),
            PlainTraining.Distillation),
        new(
            "KD epoch",
            "an epoch of four cases, its teacher's answers cached, against one of the baseline",
            OurTraining.Epoch(new OurWay(), withTeacher: true),
            OurTraining.Epoch(new OurWay(), withTeacher: false))
            {
                PlainName = "baseline",
                Targets = [new Target("KD epoch against baseline epoch, cache full", Measure.Ratio, 1.05)],
                WarmUp = 1,
                Repetitions = 11,
            },
        new(
            "trainer overhead",
            "a supervised step of the trainer against the same operations by hand",
            OurTraining.Supervised(new OurWay()),
            OurLoopByHand.Supervised)
        {
            PlainName = "by hand",
            Targets = [new Target("the trainer against the same operations by hand", Measure.Ratio, 1.02)],
            Repetitions = 15,
        },
    ];
}
