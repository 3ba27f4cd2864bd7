using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Methods.PrivilegedKnowledge;
using KnowledgeDistillation.Methods.PrototypeDistillation;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>PMKL: softened predictions where the teacher knows better, and contrastive pairs of images.</summary>
internal sealed class PrivilegedKnowledgeSystem : ISystemDefinition
{
    public static SegmentationSystem System { get; } = KDNetSystem.System with
    {
        Name = "pmkl",
        Title = "PMKL",
        Summary = "GT, the teacher's predictions where it is right and knows better, and contrastive pairs of whole images",
        Source = "Chen et al. 2022 (IEEE TMI)",
        Order = 210,
        Table = PaperTable.None,
        Objective = null,
        Weights = new DistillationWeights(),
        Published = PublishedScores.OfBraTS(75.54, 76.92, 70.50, "BraTS 2018", "ProtoKD's table"),
        Stages = [new TrainingStage(inputs => SystemObjectives.Distillation(
            inputs,
            PrototypeDistillationObjective.Reference(),
            reference => PrivilegedKnowledgeObjective.Create(Pairs(inputs), reference: reference)))],
    };

    private static ContrastivePairLoss Pairs(ObjectiveInputs inputs)
    {
        (int student, int teacher) = inputs.LastWidths;
        return new ContrastivePairLoss(student, teacher, device: inputs.Device);
    }
}
