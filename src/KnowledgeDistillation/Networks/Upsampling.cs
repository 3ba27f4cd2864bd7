namespace KnowledgeDistillation.Networks;

/// <summary>How a U-Net doubles the resolution on its way up.</summary>
public enum Upsampling
{
    /// <summary>A 1×1×1 convolution halves the channels, then linear interpolation (trilinear or bilinear) doubles the size.</summary>
    Interpolation,

    /// <summary>A 2×2×2 transposed convolution of stride 2 does both.</summary>
    TransposedConvolution,
}
