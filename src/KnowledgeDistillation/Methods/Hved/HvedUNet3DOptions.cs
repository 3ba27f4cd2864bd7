using KnowledgeDistillation.Networks;

namespace KnowledgeDistillation.Methods.Hved;

/// <summary>
/// How to build an <see cref="HvedUNet3D"/>. Defaults are those of U-HVED (Dorent et al. 2019): four levels with blocks
/// of 8-16-32-64 channels and latent codes of 4-8-16-32.
/// </summary>
public sealed record HvedUNet3DOptions : HeteroModalNetworkOptions
{
    /// <summary>The defaults.</summary>
    public HvedUNet3DOptions()
        : base(baseWidth: 8)
    {
    }

    /// <summary>
    /// Whether the latent codes are sampled in evaluation mode too, so that each prediction is another draw.
    /// Default no: their means, the same result every time. An ONNX file has the means in either case.
    /// </summary>
    public bool SampleAtInference { get; init; }

    /// <inheritdoc/>
    public override IEncoderDecoder Build() => new HvedUNet3D(this);
}
