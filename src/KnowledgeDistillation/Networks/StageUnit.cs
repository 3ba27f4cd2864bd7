using KnowledgeDistillation.Networks.Layers;

namespace KnowledgeDistillation.Networks;

/// <summary>
/// The unit of <see cref="StageEncoder"/> and <see cref="StageDecoder"/>: a convolution without bias, instance norm with learned scale and offset,
/// leaky ReLU 0.2.
/// </summary>
internal static class StageUnit
{
    private const double NegativeSlope = 0.2;

    // No bias, because the norm would remove what it adds.
    public static ConvolutionUnit Make(long inputs, long outputs, long kernel = 3, long stride = 1) =>
        new(inputs, outputs, [kernel, kernel, kernel], [stride, stride, stride], bias: false, NegativeSlope);
}
