using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Networks;

/// <summary>
/// What a network found in a batch that is trained with more segmentations than its last one, such as <see cref="Methods.RFNet.RFNet3D"/> and
/// <see cref="Methods.MmFormer.MmFormer3D"/>.
/// Its decoder has run already, because the fusion of a level looks at what the decoder made of the level below, and because all segmentations
/// are to come from one pass; what is left for <see cref="IEncoderDecoder.Decode"/> is the last convolution.
/// </summary>
public sealed class DecodedEncoderOutput : EncoderOutput
{
    internal DecodedEncoderOutput(
        IReadOnlyList<Tensor> fused,
        IReadOnlyList<Tensor> decoded,
        IReadOnlyList<Tensor> levelLogits,
        IReadOnlyList<string> fusedModalities,
        IReadOnlyDictionary<string, IReadOnlyList<Tensor>> modalityFeatures)
        : base([.. fused.Select(ReducedPrecision.Widen)]) =>
        (Decoded, LevelLogits, FusedModalities, ModalityFeatures) = (decoded, levelLogits, fusedModalities, modalityFeatures);

    /// <summary>The modalities whose features were fused: a random subset of those given in training mode, all of them in evaluation mode.</summary>
    public IReadOnlyList<string> FusedModalities { get; }

    /// <summary>
    /// What the encoder of each modality found, shallowest level first, each [N, C, D, H, W]: in training mode of all modalities that were given,
    /// also of those that were not fused.
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyList<Tensor>> ModalityFeatures { get; }

    /// <summary>What the decoder made of each level, shallowest first, [N, C, D, H, W]; the first is what the last convolution reads.</summary>
    public IReadOnlyList<Tensor> Decoded { get; }

    /// <summary>The raw logits [N, K, D, H, W] of the other segmentations, shallowest level first.</summary>
    public IReadOnlyList<Tensor> LevelLogits { get; }

    /// <inheritdoc/>
    public override EncoderOutput Detach() => new DecodedEncoderOutput(
        Detached(Levels),
        Detached(Decoded),
        Detached(LevelLogits),
        FusedModalities,
        ModalityFeatures.ToDictionary(modality => modality.Key, modality => Detached(modality.Value), StringComparer.Ordinal));

    /// <summary>An encoding as one of these.</summary>
    /// <param name="encoding">Any encoding.</param>
    /// <param name="levels">The number of levels of the network that asks.</param>
    /// <exception cref="ArgumentException">It comes from another network.</exception>
    internal static DecodedEncoderOutput Of(EncoderOutput encoding, int levels)
    {
        _ = EncodedLevels.Of(encoding, levels);
        return encoding as DecodedEncoderOutput
            ?? throw new ArgumentException("The encoding holds nothing decoded: it comes from another network.", nameof(encoding));
    }

    /// <summary>What the decoder made of the levels above the deepest, by the names of <see cref="DecoderFeatureNames"/>.</summary>
    internal IReadOnlyDictionary<string, Tensor> Features(IReadOnlyList<string> names)
    {
        var kept = new KeptFeatures(names);
        foreach ((int level, Tensor features) in Decoded.SkipLast(1).Index())
            kept.Add(level, features);
        return kept.ByName;
    }

    private static IReadOnlyList<Tensor> Detached(IReadOnlyList<Tensor> tensors) => [.. tensors.Select(tensor => tensor.detach())];
}
