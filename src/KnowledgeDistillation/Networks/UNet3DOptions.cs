namespace KnowledgeDistillation.Networks;

/// <summary>How to build a <see cref="UNet3D"/>.</summary>
public sealed record UNet3DOptions : UNetOptions
{
    /// <inheritdoc/>
    public override IEncoderDecoder Build() => new UNet3D(this);
}
