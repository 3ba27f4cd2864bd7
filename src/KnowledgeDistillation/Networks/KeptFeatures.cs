using static TorchSharp.torch;

namespace KnowledgeDistillation.Networks;

/// <summary>Collects what a decoder with one block per level computes, as far as it was asked for.</summary>
internal sealed class KeptFeatures(IReadOnlyList<string> names)
{
    private readonly Dictionary<string, Tensor> _features = new(StringComparer.Ordinal);

    /// <summary>What was kept, by name.</summary>
    public IReadOnlyDictionary<string, Tensor> ByName => _features;

    /// <summary>The names of such a decoder that goes up from the deepest level to the resolution of the images.</summary>
    /// <param name="levels">How many levels the network has, the bottleneck among them.</param>
    public static IReadOnlyList<string> NamesOf(int levels) =>
        [DecoderFeatureNames.Last, .. Enumerable.Range(0, levels - 1).Select(DecoderFeatureNames.Level)];

    /// <summary>Keeps what the block of a level gave, where that was asked for. The tensor stays the caller's, who may dispose it.</summary>
    public void Add(int level, Tensor features)
    {
        Keep(DecoderFeatureNames.Level(level), features);
        if (level == 0)
            Keep(DecoderFeatureNames.Last, features);
    }

    private void Keep(string name, Tensor features)
    {
        if (names.Contains(name, StringComparer.Ordinal))
            _features[name] = features.alias();
    }
}
