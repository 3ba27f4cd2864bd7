using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Methods.PrototypeDistillation;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>ProtoKD: prototypes of the classes, and softened predictions.</summary>
internal sealed class PrototypeDistillationSystem : ISystemDefinition
{
    private static readonly PrototypeDistillationObjectiveOptions Published = new();

    public static SegmentationSystem System { get; } = KDNetSystem.System with
    {
        Name = "protokd",
        Title = "ProtoKD",
        Summary = "GT, divergence from the teacher at T = 10, and distance of the similarities to the prototypes of the classes",
        Source = "Wang et al. 2023 (ICASSP)",
        Order = 200,
        Table = PaperTable.None,
        Objective = null,
        Weights = new DistillationWeights(Alpha: Published.PrototypeWeight),
        Published = PublishedScores.OfBraTS(76.01, 81.48, 74.67, "BraTS 2018", "the authors' table"),
        Stages = [new TrainingStage(inputs => SystemObjectives.Distillation(
            inputs,
            PrototypeDistillationObjective.Reference(),
            reference => PrototypeDistillationObjective.Create(inputs.Classes, Published with { PrototypeWeight = inputs.Alpha }, reference)))],
    };
}
