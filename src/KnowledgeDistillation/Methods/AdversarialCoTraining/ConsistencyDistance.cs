namespace KnowledgeDistillation.Methods.AdversarialCoTraining;

/// <summary>How <see cref="CoTrainingConsistencyLoss"/> compares the probabilities p of two networks at a voxel.</summary>
public enum ConsistencyDistance
{
    /// <summary>Σ_k (p_t,k − p_s,k)², which neither of the two can escape by being unsure. The default.</summary>
    SquaredError,

    /// <summary>KL(p_t ‖ p_s), summed over classes, or over the yes or no of every region.</summary>
    KullbackLeibler,
}
