using System.Collections;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Teachers;

/// <summary>The levels of an encoder of which only the deepest was kept. The first look at another one runs the encoder.</summary>
internal sealed class CachedLevels(Tensor bottleneck, int count, Func<EncoderOutput> encode) : IReadOnlyList<Tensor>
{
    private IReadOnlyList<Tensor>? _encoded;

    public int Count => count;

    public Tensor this[int index] => index == count - 1 ? bottleneck : Encoded()[index];

    public IEnumerator<Tensor> GetEnumerator() => Enumerable.Range(0, count).Select(level => this[level]).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private IReadOnlyList<Tensor> Encoded() => _encoded ??= [.. encode().Levels.Select(level => level.MoveToDisposeScopeOf(bottleneck))];
}
