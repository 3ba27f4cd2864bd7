using KnowledgeDistillation.Experiments.Settings;
using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>Adds deep supervision to the objective of any system that compares with the reference.</summary>
internal static class DeepSupervision
{
    private const string Name = "deep supervision";

    /// <summary>
    /// The objective with the coarser levels of a network's decoder compared with the reference too, with the weight of its term of the reference.
    /// </summary>
    /// <param name="objective">The objective, whose losses belong to the result. The same is returned where it compares nothing with the reference.</param>
    /// <param name="network">The network that learns.</param>
    /// <exception cref="ExperimentException">The network does not give the features of its decoder's levels.</exception>
    public static WeightedObjective Add(WeightedObjective objective, IEncoderDecoder network)
    {
        if (objective.Terms.FirstOrDefault(term => IsOfReference(term.Loss)) is not { } reference)
            return objective;
        try
        {
            var loss = DecoderSupervisionLoss.For(network);
            return new WeightedObjective([.. objective.Terms, new LossTerm(Name, reference.Weight, loss)]);
        }
        catch (ArgumentException exception)
        {
            objective.Dispose();
            throw new ExperimentException(
                $"The network cannot be supervised deeply: {exception.Message}", exception, nameof(ExperimentSettings.DeepSupervision));
        }
    }

    private static bool IsOfReference(IDistillationLoss loss) =>
        loss is ReferenceLoss or ReferenceCrossEntropyLoss or ReferenceDiceLoss or BalancedCrossEntropyLoss
        || (loss is WeightedObjective several && several.Terms.All(term => IsOfReference(term.Loss)));
}
