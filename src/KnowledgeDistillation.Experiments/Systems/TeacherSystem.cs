using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>Sees all modalities and learns from the reference; the others' teacher.</summary>
internal sealed class TeacherSystem : ISystemDefinition
{
    public static SegmentationSystem System { get; } = new()
    {
        Name = "teacher",
        Title = "Teacher",
        Summary = "sees all four modalities, learns from the reference (GT)",
        Source = "Hu et al. 2020 (KD-Net); U-Net: Isensee et al. 2018 [7]",
        Order = 10,
        Table = PaperTable.Table2,
        Objective = "GT",
        Inputs = SystemInputs.AllModalities,
        Stages = [new TrainingStage(_ => new WeightedObjective("GT", new ReferenceLoss()))],
    };
}
