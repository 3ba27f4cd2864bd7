using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.optim.lr_scheduler;

namespace KnowledgeDistillation.Training;

/// <summary>Lets any TorchSharp scheduler set the learning rate.</summary>
/// <remarks>
/// TorchSharp's schedulers cannot save their state; this adapter makes a fresh one and replays the past epochs, so a resumed fit goes on exactly.
/// </remarks>
/// <param name="create">Makes the scheduler for an optimizer of learning rate 1, for example <c>optimizer => CosineAnnealingLR(optimizer, 100)</c>.</param>
public sealed class TorchSchedule(Func<optim.Optimizer, LRScheduler> create) : ILearningRateSchedule
{
    /// <inheritdoc/>
    public double Multiplier(IReadOnlyList<double> losses)
    {
        ArgumentNullException.ThrowIfNull(losses);
        using var scope = NewDisposeScope();
        using var parameter = new Parameter(zeros(1));
        using var optimizer = optim.SGD([parameter], learningRate: 1);
        LRScheduler scheduler = create(optimizer);
        foreach (double loss in losses)
        {
            // Each kind of scheduler refuses the other kind's step.
            if (scheduler is impl.ReduceLROnPlateau plateau)
                plateau.step(loss);
            else
                scheduler.step();
        }

        return optimizer.ParamGroups.First().LearningRate;
    }
}
