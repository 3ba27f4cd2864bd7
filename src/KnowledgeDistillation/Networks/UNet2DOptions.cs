namespace KnowledgeDistillation.Networks;

/// <summary>How to build a <see cref="UNet2D"/>.</summary>
public sealed record UNet2DOptions : UNetOptions
{
    /// <inheritdoc/>
    public override IEncoderDecoder Build() => new UNet2D(this);
}
