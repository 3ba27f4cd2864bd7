using KnowledgeDistillation.Losses;

namespace KnowledgeDistillation.Experiments.Systems;

/// <summary>One fit of a system's training.</summary>
/// <param name="Objective">Makes what is minimized.</param>
public sealed record TrainingStage(Func<ObjectiveInputs, WeightedObjective> Objective)
{
    /// <summary>The folder of its checkpoints within the run's; empty for the run's own.</summary>
    public string Folder { get; init; } = "";

    /// <summary>What is done to the network before this fit, for example freezing the part that an earlier one has trained.</summary>
    public Action<IEncoderDecoder>? Prepare { get; init; }
}
