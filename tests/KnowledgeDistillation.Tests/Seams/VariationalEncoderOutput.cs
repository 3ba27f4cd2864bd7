using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests.Seams;

/// <summary>An encoding whose bottleneck was drawn from a normal distribution, which it carries along for the loss.</summary>
internal sealed class VariationalEncoderOutput(Tensor sample, Tensor mean, Tensor logVariance) : EncoderOutput(sample)
{
    public Tensor Mean => mean;

    public Tensor LogVariance => logVariance;
}
