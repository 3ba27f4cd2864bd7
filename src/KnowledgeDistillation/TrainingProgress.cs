namespace KnowledgeDistillation;

/// <summary>How far a fit has come after a step: plain data that holds no tensor.</summary>
/// <param name="Epoch">Number of the epoch, from 0.</param>
/// <param name="Epochs">The epochs that were asked for.</param>
/// <param name="Step">Steps done in this epoch.</param>
/// <param name="StepsPerEpoch">Steps of an epoch.</param>
/// <param name="Loss">The objective of this step.</param>
/// <param name="Terms">Its terms.</param>
/// <param name="LearningRate">The learning rate in force.</param>
/// <param name="Elapsed">Time since the fit began or was resumed.</param>
/// <param name="Remaining">Estimated time to the last epoch.</param>
public sealed record TrainingProgress(
    int Epoch,
    int Epochs,
    int Step,
    int StepsPerEpoch,
    double Loss,
    IReadOnlyList<TermValue> Terms,
    double LearningRate,
    TimeSpan Elapsed,
    TimeSpan Remaining);
