using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.DisentangledFusion;

/// <summary>
/// How to build a <see cref="DisentangledFusionNet3D"/>. Defaults are those of the code that was published with Chen et al.
/// (2019): four levels with content codes of 16-32-64-128 channels.
/// </summary>
public sealed record DisentangledFusionNet3DOptions : HeteroModalNetworkOptions
{
    /// <summary>The defaults.</summary>
    public DisentangledFusionNet3DOptions()
        : base(baseWidth: 16)
    {
    }

    /// <summary>Length of a modality's appearance code, 1 to 1024. Default 8.</summary>
    public int AppearanceDimension { get; init; } = 8;

    /// <inheritdoc/>
    public override IEncoderDecoder Build() => new DisentangledFusionNet3D(this);

    private protected override OptionFaults Faults() => base.Faults()
        .Require(AppearanceDimension is >= 1 and <= 1024, $"AppearanceDimension must be from 1 to 1024, but is {AppearanceDimension}.");
}
