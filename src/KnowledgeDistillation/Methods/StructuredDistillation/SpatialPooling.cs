using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.StructuredDistillation;

/// <summary>Pooling that works alike on a line, a slice and a volume.</summary>
internal static class SpatialPooling
{
    /// <summary>The same tensor with three spatial dimensions, those that were missing have length 1.</summary>
    /// <exception cref="ArgumentException">It has none or more than three.</exception>
    public static Tensor AsVolume(Tensor tensor) => tensor.dim() switch
    {
        3 => tensor.unsqueeze(2).unsqueeze(2),
        4 => tensor.unsqueeze(2),
        5 => tensor,
        _ => throw new ArgumentException(
            $"A tensor [N, C, spatial...] with one to three spatial dimensions is needed, but the shape is [{string.Join(", ", tensor.shape)}]."),
    };

    /// <summary>The mean over patches of the given length; those at the far border may be smaller.</summary>
    public static Tensor PatchMean(Tensor volume, long length) => nn.functional.avg_pool3d(
        volume,
        Lengths(volume, length),
        stride: Lengths(volume, length),
        ceil_mode: true,
        count_include_pad: false);

    /// <summary>How many patches of the given length there are.</summary>
    public static long PatchCount(Tensor volume, long length) =>
        volume.shape[2..].Zip(Lengths(volume, length), (size, patch) => (size + patch - 1) / patch).Aggregate(1L, (product, count) => product * count);

    private static long[] Lengths(Tensor volume, long length) => [.. volume.shape[2..].Select(size => Math.Min(size, length))];
}
