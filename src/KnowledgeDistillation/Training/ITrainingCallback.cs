namespace KnowledgeDistillation.Training;

/// <summary>Something a user adds to a fit, for example a log of its own. Called on the thread of the fit; an exception ends the fit.</summary>
public interface ITrainingCallback
{
    /// <summary>
    /// Called for each step in its order: at its end on a CPU; on a GPU, where losses are read several steps at once, up to nine steps later.
    /// </summary>
    void StepEnded(TrainingProgress progress)
    {
    }

    /// <summary>Called after each epoch, when its checkpoint has been written.</summary>
    /// <param name="history">All epochs so far; the last is the one that ended.</param>
    /// <param name="network">The network that learns, with its current weights.</param>
    void EpochEnded(IReadOnlyList<EpochReport> history, IEncoderDecoder network)
    {
    }
}
