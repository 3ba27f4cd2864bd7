using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Networks;

/// <summary>Independent normal distributions, one for each element of a tensor: what a variational encoder says of its latent code.</summary>
/// <remarks>Its tensors belong to the dispose scope in which they were made.</remarks>
public sealed class DiagonalGaussian
{
    /// <summary>Makes distributions.</summary>
    /// <param name="mean">Their means, of any shape.</param>
    /// <param name="logVariance">The natural logarithms of their variances, of the same shape.</param>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public DiagonalGaussian(Tensor mean, Tensor logVariance)
    {
        ArgumentNullException.ThrowIfNull(mean);
        ArgumentNullException.ThrowIfNull(logVariance);
        if (!mean.shape.SequenceEqual(logVariance.shape))
        {
            throw new ArgumentException(
                $"The mean [{string.Join(", ", mean.shape)}] and the log-variance [{string.Join(", ", logVariance.shape)}] must have the same shape.",
                nameof(logVariance));
        }

        (Mean, LogVariance) = (mean, logVariance);
    }

    /// <summary>The means.</summary>
    public Tensor Mean { get; }

    /// <summary>The natural logarithms of the variances.</summary>
    public Tensor LogVariance { get; }

    /// <summary>
    /// Draws one value of each element such that gradients reach mean and variance: mean + standard deviation · N(0,
    /// 1), from the default generator of the device.
    /// </summary>
    public Tensor Sample() => Mean.Plus(LogVariance.Times(0.5).exp() * randn_like(Mean));

    /// <summary>
    /// The Kullback-Leibler divergence KL(this ‖ other) of each element: ½ (log σ₂² − log σ₁² − 1 + σ₁²/σ₂² + (μ₁ − μ₂)²/σ₂²), at least 0.
    /// Computed from the log-variances, so it stays finite where a variance itself would vanish; the ratio of two variances must
    /// fit the element type (up to e⁸⁸ in float32).
    /// </summary>
    /// <param name="other">Distributions of the same shape.</param>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    public Tensor DivergenceFrom(DiagonalGaussian other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (!Mean.shape.SequenceEqual(other.Mean.shape))
        {
            throw new ArgumentException(
                $"The distributions [{string.Join(", ", Mean.shape)}] and [{string.Join(", ", other.Mean.shape)}] must have the same shape.", nameof(other));
        }

        Tensor logRatio = LogVariance - other.LogVariance;
        Tensor distance = (Mean - other.Mean).Squared() * other.LogVariance.neg().exp();
        return (logRatio.exp() - logRatio).Plus(distance).Plus(-1).Times(0.5);
    }

    /// <summary>The Kullback-Leibler divergence KL(this ‖ N(0, 1)) of each element: ½ (σ² + μ² − 1 − log σ²), at least 0.</summary>
    public Tensor DivergenceFromStandardNormal() => (LogVariance.exp().Plus(Mean.Squared()) - LogVariance).Plus(-1).Times(0.5);

    /// <summary>The same distributions cut off from the graph that made them.</summary>
    public DiagonalGaussian Detach() => new(Mean.detach(), LogVariance.detach());
}
