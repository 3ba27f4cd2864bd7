using static TorchSharp.torch;

namespace KnowledgeDistillation;

/// <summary>
/// What an encoder found in a batch: the features of every level from the shallowest to the deepest, the last being the bottleneck.
/// Derive a class from it to carry more to the decoder or to a loss, for example the distributions of a variational encoder.
/// </summary>
/// <remarks>Its tensors belong to the dispose scope in which they were made.</remarks>
public class EncoderOutput
{
    /// <summary>Makes an encoding.</summary>
    /// <param name="levels">Features [N, C, spatial...] by level, at least one; the last is the bottleneck.</param>
    /// <exception cref="ArgumentException">No level was given.</exception>
    public EncoderOutput(params IReadOnlyList<Tensor> levels)
    {
        ArgumentNullException.ThrowIfNull(levels);
        if (levels.Count == 0)
            throw new ArgumentException("An encoding needs at least one level, the bottleneck.", nameof(levels));
        Levels = levels;
    }

    /// <summary>
    /// Features [N, C, spatial...] of every level, shallowest first, bottleneck last. A decoder with skip connections reads the others as skips.
    /// </summary>
    public IReadOnlyList<Tensor> Levels { get; }

    /// <summary>The deepest features, after the last norm and activation of the deepest level.</summary>
    public Tensor Bottleneck => Levels[^1];

    /// <summary>
    /// The same output cut off from the graph that made it, as a loss that trains something of its own sees it.
    /// Override it to keep what a derived type adds; this one keeps the levels.
    /// </summary>
    public virtual EncoderOutput Detach() => new([.. Levels.Select(level => level.detach())]);
}
