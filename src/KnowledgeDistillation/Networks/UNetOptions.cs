using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Networks;

/// <summary>
/// What <see cref="UNet3DOptions"/> and <see cref="UNet2DOptions"/> have in common. Defaults are those of No New-Net (Isensee et al.
/// 2018), the network of the KD-Net paper: five levels of 30-60-120-240-480 channels.
/// </summary>
public abstract record UNetOptions : UShapedNetworkOptions
{
    private protected UNetOptions()
        : base(baseWidth: 30)
    {
    }

    /// <summary>How the resolution is doubled on the way up. Default interpolation.</summary>
    public Upsampling Upsampling { get; init; } = Upsampling.Interpolation;

    private protected override OptionFaults Faults() => base.Faults()
        .RequireEvenWidth(BaseWidth)
        .Require(Enum.IsDefined(Upsampling), $"Upsampling has no value {Upsampling}.");
}
