using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Seams;

/// <summary>KL(N(mean, variance) ‖ N(0, 1)), averaged over the elements: keeps the latents of a variational network near the prior.</summary>
internal sealed class LatentPriorLoss : IDistillationLoss
{
    public Tensor Compute(DistillationContext context) => context.Student.Encoding is VariationalEncoderOutput latents
        ? 0.5 * (latents.Mean.square() + latents.LogVariance.exp() - latents.LogVariance - 1).mean()
        : throw new ArgumentException("This loss needs a network with a variational encoder.", nameof(context));
}
