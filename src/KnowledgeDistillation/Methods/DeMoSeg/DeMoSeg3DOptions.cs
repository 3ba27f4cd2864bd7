using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Runtime;

namespace KnowledgeDistillation.Methods.DeMoSeg;

/// <summary>
/// How to build a <see cref="DeMoSeg3D"/>. Defaults are those of the code that was published with Yang et al. (2024): six levels of 32-64-128-256-320-320
/// channels.
/// </summary>
public sealed record DeMoSeg3DOptions : HeteroModalNetworkOptions
{
    // That of nnU-Net for volumes.
    private const int LargestWidth = 320;

    /// <summary>The defaults.</summary>
    public DeMoSeg3DOptions()
        : base(baseWidth: 32) => Levels = 6;

    /// <summary>
    /// By the name of a modality those that stand in for it where it is missing, the best first; those that a list does not name come after it in the order of
    /// <see cref="HeteroModalNetworkOptions.Modalities"/>. Null (the default) for what radiologists know of BraTS, as published: T1 and T1ce stand
    /// in for each other first, and T2 and FLAIR; then T1 and T2, and T1ce and FLAIR. Other modalities stand in for each other in their order.
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Substitutes { get; init; }

    /// <inheritdoc/>
    public override IEncoderDecoder Build() => new DeMoSeg3D(this);

    /// <summary>The width of each level: doubled at each, at most 320 or the first; at the first at least a channel for each modality.</summary>
    internal IReadOnlyList<int> CappedWidths() =>
        [Math.Max(BaseWidth, Modalities.Count), .. Widths().Skip(1).Select(width => Math.Min(width, Math.Max(LargestWidth, BaseWidth)))];

    private protected override OptionFaults Faults()
    {
        OptionFaults faults = base.Faults();
        string[] known = [.. Modalities ?? []];
        foreach ((string name, IReadOnlyList<string> others) in Substitutes ?? new Dictionary<string, IReadOnlyList<string>>())
        {
            faults.Require(known.Contains(name), $"Substitutes names '{name}', which is none of the modalities.");
            faults.Require(
                others is not null && others.All(other => known.Contains(other) && other != name),
                $"Substitutes of '{name}' must be other modalities of the network, but are: {string.Join(", ", others ?? [])}.");
        }

        return faults;
    }
}
