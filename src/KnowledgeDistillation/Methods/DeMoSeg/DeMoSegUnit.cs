using KnowledgeDistillation.Networks.Layers;

namespace KnowledgeDistillation.Methods.DeMoSeg;

/// <summary>The unit of a <see cref="DeMoSeg3D"/>: a 3×3×3 convolution, instance norm, leaky ReLU 0.01, as in nnU-Net.</summary>
internal static class DeMoSegUnit
{
    private const double NegativeSlope = 0.01;

    // No bias, because the norm would remove what it adds.
    public static ConvolutionUnit Make(long inputs, long outputs, long stride = 1) =>
        new(inputs, outputs, [3, 3, 3], [stride, stride, stride], bias: false, NegativeSlope);
}
