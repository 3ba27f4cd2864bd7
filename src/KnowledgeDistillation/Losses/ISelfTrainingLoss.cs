using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Losses;

/// <summary>A loss that trains something of its own beside the student with an optimizer of its own, for example the critic of an adversarial loss.</summary>
/// <remarks>
/// In each step the trainer first minimizes <see cref="ComputeOwn"/> over <see cref="Module"/>, with a student's output through which no gradient
/// flows; then it adds <see cref="IDistillationLoss.Compute"/> to the student's objective. The module's gradients are cleared before each use.
/// Module and optimizer state are part of checkpoints. Both belong to the loss, which is to be <see cref="IDisposable"/> and is disposed with its
/// <see cref="WeightedObjective"/>.
/// </remarks>
public interface ISelfTrainingLoss : IDistillationLoss
{
    /// <summary>What is trained beside the student, on the student's device before a fit begins.</summary>
    nn.Module Module { get; }

    /// <summary>The optimizer over the parameters of <see cref="Module"/>.</summary>
    OptimizerHelper Optimizer { get; }

    /// <summary>The scalar that <see cref="Module"/> is to minimize.</summary>
    Tensor ComputeOwn(DistillationContext context);
}
