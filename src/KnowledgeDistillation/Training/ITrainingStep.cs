using KnowledgeDistillation.Losses;

namespace KnowledgeDistillation.Training;

/// <summary>What a <see cref="Trainer"/> does with a batch until there is a value to differentiate, for a way of training of your own.</summary>
/// <remarks>
/// The trainer does the rest: order, precision, optimizer, schedule, checkpoints, resumption, history, callbacks. Keep no state from one step to the next,
/// for checkpoints hold none; draw random numbers from torch's generators, which the trainer seeds, and a resumed fit goes on bit by bit.
/// <see cref="object.ToString"/> should name the class and its options: a resumed fit compares it with that of the fit it continues.
/// </remarks>
public interface ITrainingStep
{
    /// <summary>Computes the value of the objective. Called in a dispose scope that ends with the step, in training and in validation.</summary>
    /// <param name="step">The batch, and what to compute with.</param>
    /// <returns>
    /// The value. Its total is the weighted sum of its terms, and each step has the same terms: they make the columns of the history.
    /// </returns>
    ObjectiveValue Compute(TrainingStep step);
}
