using KnowledgeDistillation.Losses;
using KnowledgeDistillation.Methods.KDNet;
using Microsoft.Extensions.Logging;

namespace KnowledgeDistillation.Training;

/// <summary>Trains a network on the reference segmentation alone: the teacher before it teaches, and the baseline that a student is measured against.</summary>
/// <remarks>Network and objective belong to the caller. Not safe for use by several threads at once.</remarks>
public sealed class SupervisedTrainer : ITrainer
{
    private readonly Trainer _trainer;

    /// <summary>Makes a trainer.</summary>
    /// <param name="network">The network, already on its device.</param>
    /// <param name="labels">How its channels relate to classes.</param>
    /// <param name="options">How it is fitted; null for the paper's protocol.</param>
    /// <param name="objective">What is minimized; null for L_GT (eq. 4).</param>
    /// <param name="logger">Where epochs are logged; null for nowhere.</param>
    /// <exception cref="ArgumentException">An option is out of range, the network's channels are not the label scheme's,
    /// or its decoder does not give the features that a loss reads.</exception>
    public SupervisedTrainer(
        IEncoderDecoder network,
        LabelScheme labels,
        TrainingOptions? options = null,
        WeightedObjective? objective = null,
        ILogger<SupervisedTrainer>? logger = null)
    {
        // The default objective has nothing to dispose.
        _trainer = new Trainer(network, [], labels, objective ?? new WeightedObjective("GT", new ReferenceLoss()), options, logger: logger);
    }

    /// <inheritdoc/>
    public TrainingResult Fit(
        IBatchSource training,
        IBatchSource? validation = null,
        IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default) => _trainer.Fit(training, validation, progress, cancellationToken);
}
