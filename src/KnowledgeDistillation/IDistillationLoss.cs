using static TorchSharp.torch;

namespace KnowledgeDistillation;

/// <summary>One differentiable scalar that is small when the student imitates the teacher (or the reference).</summary>
/// <remarks>
/// A loss with parameters that learn together with the student is an <see cref="Losses.ILearnableLoss"/>; one that trains something of its own
/// beside the student, such as a critic, is an <see cref="Losses.ISelfTrainingLoss"/>. Losses are combined by <see cref="Losses.WeightedObjective"/>.
/// Override <c>ToString</c> to name the loss's options: checkpoints keep it, and a fit is not resumed with other ones.
/// </remarks>
public interface IDistillationLoss
{
    /// <summary>Computes the loss of one batch.</summary>
    /// <param name="context">The batch with what student and teachers made of it.</param>
    /// <returns>A scalar tensor through which the student's gradient flows. Finite for finite inputs; must not grow with the number
    /// of voxels unless its documentation says so.</returns>
    Tensor Compute(DistillationContext context);
}
