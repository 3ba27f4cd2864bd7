using KnowledgeDistillation.Experiments.Systems;

namespace KnowledgeDistillation.Samples.BraTS.Demonstration;

/// <summary>The three systems that the demo trains, in this order.</summary>
internal static class DemoSystems
{
    public static IReadOnlyList<SegmentationSystem> All { get; } = [SegmentationSystems.Teacher, SegmentationSystems.Baseline, SegmentationSystems.KDNet];
}
