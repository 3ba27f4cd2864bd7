using KnowledgeDistillation.Networks.Layers;

namespace KnowledgeDistillation.Methods.DisentangledFusion;

/// <summary>The unit of the content encoders and the segmentation decoder of <see cref="DisentangledFusionNet3D"/>: leaky ReLU 0.2 after the norm.</summary>
internal static class ContentUnit
{
    private const double NegativeSlope = 0.2;

    // No bias, because the norm would remove what it adds.
    public static ConvolutionUnit Make(long inputs, long outputs, long kernel = 3, long stride = 1) =>
        new(inputs, outputs, [kernel, kernel, kernel], [stride, stride, stride], bias: false, NegativeSlope);
}
