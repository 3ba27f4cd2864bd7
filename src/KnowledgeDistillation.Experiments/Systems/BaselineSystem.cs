namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>Sees one modality and learns from the reference.</summary>
internal sealed class BaselineSystem : ISystemDefinition
{
    public static SegmentationSystem System { get; } = TeacherSystem.System with
    {
        Name = "baseline",
        Title = "Baseline",
        Summary = "sees one modality, learns from the reference (GT)",
        Order = 20,
        Inputs = SystemInputs.OneModality,
    };
}
