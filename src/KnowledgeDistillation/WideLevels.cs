using System.Collections;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation;

/// <summary>The levels of an encoder that computed in bfloat16, for losses, which compute in float32. The first look at a level widens it.</summary>
internal sealed class WideLevels : IReadOnlyList<Tensor>
{
    private readonly IReadOnlyList<Tensor> _levels;
    private readonly Tensor?[] _wide;

    private WideLevels(IReadOnlyList<Tensor> levels) => (_levels, _wide) = (levels, new Tensor?[levels.Count]);

    public int Count => _levels.Count;

    public Tensor this[int index] => _wide[index] ??= Widen(_levels[index]);

    /// <summary>
    /// The same encoding with levels of float32. One that carries more than levels stays as it is: those who know what it carries know how to read it.
    /// </summary>
    public static EncoderOutput Of(EncoderOutput encoding) =>
        encoding.GetType() == typeof(EncoderOutput) && encoding.Levels.Any(level => level.dtype == ScalarType.BFloat16)
            ? new EncoderOutput(new WideLevels(encoding.Levels))
            : encoding;

    public IEnumerator<Tensor> GetEnumerator() => Enumerable.Range(0, Count).Select(level => this[level]).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    // The loss that asks first may record no gradient; those after it still need one.
    private static Tensor Widen(Tensor level)
    {
        if (level.dtype != ScalarType.BFloat16)
            return level;
        using IDisposable gradientMode = set_grad_enabled(level.requires_grad);
        return level.to(ScalarType.Float32).LiveAsLongAs(level);
    }
}
