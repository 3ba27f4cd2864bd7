namespace KnowledgeDistillation.Experiments.Prediction;

/// <summary>What became of a case that was to be segmented.</summary>
public enum PredictionStatus
{
    /// <summary>It was segmented.</summary>
    Done,

    /// <summary>Its result was there already.</summary>
    Existing,

    /// <summary>It could not be segmented.</summary>
    Failed,
}
