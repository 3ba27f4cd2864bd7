namespace KnowledgeDistillation.Training;

/// <summary>
/// Decides the learning rate of the next epoch from the losses of the past epochs, and from nothing else: it keeps no state,
/// so a resumed fit goes on exactly as an uninterrupted one.
/// </summary>
public interface ILearningRateSchedule
{
    /// <summary>The factor by which the initial learning rate is multiplied in the next epoch.</summary>
    /// <param name="losses">The watched loss of every epoch so far; empty before the first.</param>
    double Multiplier(IReadOnlyList<double> losses);
}
