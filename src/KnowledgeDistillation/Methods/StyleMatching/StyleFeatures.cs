using KnowledgeDistillation.Methods.StructuredDistillation;
using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.StyleMatching;

/// <summary>The style of a volume: what the deepest levels of an encoder found, brought to the resolution of the bottleneck and put side by side.</summary>
internal static class StyleFeatures
{
    /// <param name="output">What a network made of a batch.</param>
    /// <param name="deepestLevels">From how many levels, the bottleneck included; where there are fewer, from all.</param>
    /// <returns>[N, sum of the levels' widths, spatial of the bottleneck...], in float32 or wider.</returns>
    public static Tensor Of(NetworkOutput output, int deepestLevels)
    {
        IReadOnlyList<Tensor> levels = output.Encoding.Levels;
        Tensor bottleneck = ReducedPrecision.Widen(levels[^1]);
        if (levels.Count == 1 || deepestLevels == 1)
            return bottleneck;
        long[] size = SpatialPooling.AsVolume(bottleneck).shape[2..];
        IEnumerable<Tensor> pooled = levels.Skip(Math.Max(0, levels.Count - deepestLevels)).SkipLast(1).Select(level =>
        {
            Tensor volume = nn.functional.adaptive_avg_pool3d(SpatialPooling.AsVolume(ReducedPrecision.Widen(level)), size);
            return volume.reshape([level.shape[0], level.shape[1], .. bottleneck.shape[2..]]);
        });
        return cat([.. pooled, bottleneck], 1);
    }
}
