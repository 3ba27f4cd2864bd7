using KnowledgeDistillation.Networks;

namespace KnowledgeDistillation.Methods.Hemis;

/// <summary>
/// How to build a <see cref="HemisUNet3D"/>. Defaults are those of the U-HeMIS that was published with U-HVED (Dorent et al.
/// 2019): four levels with blocks of 8-16-32-64 channels that give half as many.
/// </summary>
public sealed record HemisUNet3DOptions : HeteroModalNetworkOptions
{
    /// <summary>The defaults.</summary>
    public HemisUNet3DOptions()
        : base(baseWidth: 8)
    {
    }

    /// <inheritdoc/>
    public override IEncoderDecoder Build() => new HemisUNet3D(this);
}
