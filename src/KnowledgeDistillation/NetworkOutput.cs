using System.Collections;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation;

/// <summary>What a network made of a batch.</summary>
/// <param name="Network">The network.</param>
/// <param name="Encoding">What its encoder returned; in mixed precision its levels are widened to float32 when they are looked at.</param>
/// <param name="Logits">Raw logits [N, K, spatial...].</param>
public sealed record NetworkOutput(IEncoderDecoder Network, EncoderOutput Encoding, Tensor Logits)
{
    /// <summary>Runs encoder and decoder on a batch of images, in the gradient mode and training mode that are set.</summary>
    public static NetworkOutput Of(IEncoderDecoder network, ModalityImages images)
    {
        ArgumentNullException.ThrowIfNull(network);
        EncoderOutput encoding = network.Encode(images);
        return new NetworkOutput(network, Widen(encoding), network.Decode(encoding));
    }

    /// <summary>The same output through which no gradient flows.</summary>
    internal NetworkOutput Detach() => this with { Encoding = Encoding.Detach(), Logits = Logits.detach() };

    /// <summary>
    /// The same encoding with levels of float32. An encoding of a derived type, which carries more than levels, stays as it is.
    /// </summary>
    internal static EncoderOutput Widen(EncoderOutput encoding) =>
        encoding.GetType() == typeof(EncoderOutput) && encoding.Levels.Any(level => level.dtype == ScalarType.BFloat16)
            ? new EncoderOutput(new WideLevels(encoding.Levels))
            : encoding;

    /// <summary>The levels of an encoder that computed in bfloat16, for losses, which compute in float32. The first look at a level widens it.</summary>
    private sealed class WideLevels : IReadOnlyList<Tensor>
    {
        private readonly IReadOnlyList<Tensor> _levels;
        private readonly Tensor?[] _wide;

        public WideLevels(IReadOnlyList<Tensor> levels) => (_levels, _wide) = (levels, new Tensor?[levels.Count]);

        public int Count => _levels.Count;

        public Tensor this[int index] => _wide[index] ??= Widen(_levels[index]);

        public IEnumerator<Tensor> GetEnumerator() => Enumerable.Range(0, Count).Select(level => this[level]).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        // The loss that asks first may record no gradient; those after it still need one.
        private static Tensor Widen(Tensor level)
        {
            if (level.dtype != ScalarType.BFloat16)
                return level;
            using IDisposable gradientMode = set_grad_enabled(level.requires_grad);
            return level.to(ScalarType.Float32).MoveToDisposeScopeOf(level);
        }
    }
}
