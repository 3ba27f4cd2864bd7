namespace KnowledgeDistillation.Training;

/// <summary>Leaves the learning rate as it is.</summary>
public sealed record ConstantSchedule : ILearningRateSchedule
{
    /// <inheritdoc/>
    public double Multiplier(IReadOnlyList<double> losses) => 1;
}
