namespace KnowledgeDistillation.Experiments.Evaluation;

/// <summary>Where a prediction is compared with its reference.</summary>
public enum ScoringGrid
{
    /// <summary>The grid on which the network was trained, cropped and subsampled: very likely what the paper reports.</summary>
    Training,

    /// <summary>The grid of the input files.</summary>
    Native,
}
