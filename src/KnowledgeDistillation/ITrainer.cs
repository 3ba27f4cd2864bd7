namespace KnowledgeDistillation;

/// <summary>Fits a network to data.</summary>
/// <remarks>Runs on the calling thread from beginning to end, because TorchSharp's dispose scopes and gradient mode are bound to the thread.</remarks>
public interface ITrainer
{
    /// <summary>Trains until all epochs are done, early stopping ends the fit, or the token is cancelled.</summary>
    /// <param name="training">The batches to learn from.</param>
    /// <param name="validation">The batches that decide the learning rate and the best checkpoint; null to decide by the training loss.</param>
    /// <param name="progress">Receives a report after each step.</param>
    /// <param name="cancellationToken">Checked between two steps; a fit that was cancelled can be resumed from its last checkpoint.</param>
    /// <returns>What happened in each epoch, and where the checkpoints are.</returns>
    /// <exception cref="Training.NonFiniteLossException">The loss became infinite or not a number; the checkpoints are those from before that.</exception>
    /// <exception cref="InvalidOperationException">There is nothing to learn, or the garbage collector freed a number while torch was reading it;
    /// the message says what to do.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    TrainingResult Fit(
        IBatchSource training,
        IBatchSource? validation = null,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default);
}
