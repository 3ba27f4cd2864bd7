using KnowledgeDistillation.Networks.Layers;

namespace KnowledgeDistillation.Methods.MmFormer;

/// <summary>The unit of the encoders and decoders of an <see cref="MmFormer3D"/>: instance norm, leaky ReLU 0.2, a convolution.</summary>
internal static class MmFormerUnit
{
    private const double NegativeSlope = 0.2;

    public static PreActivationUnit Make(long inputs, long outputs, long kernel = 3, long stride = 1) => new(inputs, outputs, kernel, NegativeSlope, stride);
}
