using KnowledgeDistillation.Networks;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>KD-Net with the teacher's own weights at the deepest levels.</summary>
internal sealed class SharedLevelsSystem : ISystemDefinition
{
    // The bottleneck and the level above it.
    private const int SharedLevels = 2;

    public static SegmentationSystem System { get; } = KDNetSystem.System with
    {
        Name = "shared-levels",
        Title = "Shared deepest levels",
        Summary = "KD-Net with the teacher's own weights at the two deepest levels",
        Source = "Hu et al. 2020 (KD-Net), \"Observations\"",
        Order = 60,
        Table = PaperTable.None,
        Couple = (student, teacher) => ((UShapedNetwork)student).ShareDeepestLevels(teacher, SharedLevels),
    };
}
