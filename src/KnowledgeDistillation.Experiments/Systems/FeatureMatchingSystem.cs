using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Methods.FeatureMatching;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>Matching of the bottlenecks.</summary>
internal sealed class FeatureMatchingSystem : ISystemDefinition
{
    public static SegmentationSystem System { get; } = KDNetSystem.System with
    {
        Name = "feature-matching",
        Title = "Feature matching",
        Summary = "GT, and squared distance of the bottlenecks",
        Source = "Romero et al. 2015 (FitNets); weight: ours",
        Order = 150,
        Table = PaperTable.None,
        Objective = null,
        Weights = new DistillationWeights(Alpha: 1),
        Stages = [new TrainingStage(inputs => SystemObjectives.WithFeatures(inputs, "features", new FeatureMatchingLoss()))],
    };
}
