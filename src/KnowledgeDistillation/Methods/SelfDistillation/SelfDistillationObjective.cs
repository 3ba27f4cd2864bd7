using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.Hemis;

namespace KnowledgeDistillation.Methods.SelfDistillation;

/// <summary>The objective of a network of any modalities that teaches itself, as PASSION (Shi et al. 2024) does.</summary>
public static class SelfDistillationObjective
{
    /// <summary>Makes the objective: the terms of the network's own, and "self" (<see cref="SelfDistillationLoss"/>) with the weight 1.</summary>
    /// <param name="self">The loss, which the objective owns from now on.</param>
    /// <param name="network">The objective of the network, whose losses the new one owns from now on; null for <see cref="HemisObjective"/>.</param>
    public static WeightedObjective Create(SelfDistillationLoss self, WeightedObjective? network = null)
    {
        ArgumentNullException.ThrowIfNull(self);
        return new WeightedObjective([.. (network ?? HemisObjective.Create()).Terms, new LossTerm("self", 1, self)]);
    }
}
