namespace KnowledgeDistillation.Experiments.Settings;

/// <summary>How the learning rate of a training falls.</summary>
public enum LearningRateDecay
{
    /// <summary>By a factor of 0.2 whenever the validation loss has not decreased for <see cref="ExperimentSettings.PlateauPatience"/> epochs.</summary>
    Plateau,

    /// <summary>By a factor of 0.1 for the last quarter of the epochs, so that it falls in every training, and at the same time.</summary>
    Fixed,
}
