using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Methods.MmFormer;

/// <summary>
/// mmFormer, the multimodal medical transformer of Zhang et al. (MICCAI 2022): each modality has an encoder of convolutions and of a transformer
/// over the tokens of its deepest features; a second transformer relates the tokens of all modalities at hand; a decoder of convolutions segments.
/// A second decoder, which all modalities share, segments from each modality alone, and deeper levels are supervised; only training looks at these.
/// </summary>
/// <remarks>
/// In training mode each call of <see cref="Encode"/> fuses a random subset of the modalities that it is given: its size is uniform in 1 to their number,
/// then every subset of that size is equally likely. It is drawn with torch's default CPU generator and shared by the batch. The convolutions of all given
/// modalities run, because <see cref="Losses.ModalitySegmentationLoss"/> looks at each. In evaluation mode all that it is given are fused.
/// Unlike in the published code, a missing modality has no tokens (there it has zeros, which others attend to), the tokens of a modality stay its own when
/// features are made of them, positions are interpolated to images of any size, norms learn scale and offset, no convolution before a norm has a bias,
/// convolutions pad with zeros, and doubling does not align corners.
/// </remarks>
public sealed class MmFormer3D : DecodedNetwork, IModalitySegmentingNetwork
{
    private readonly ModuleList<HybridEncoder> encoders = [];
    private readonly ModalityCorrelation correlation;
    private readonly ModuleList<ModalityFusion> fusions = [];
    private readonly PreActivationDecoder decoder;
    private readonly PreActivationDecoder separate;
    private readonly ModuleList<Module<Tensor, Tensor>> deepHeads = [];
    private readonly Module<Tensor, Tensor> separateHead;
    private readonly Module<Tensor, Tensor> head;

    /// <summary>Makes the network with random weights.</summary>
    /// <param name="options">How to build it.</param>
    /// <exception cref="ArgumentException">The options are not valid; the message lists every fault.</exception>
    public MmFormer3D(MmFormer3DOptions options)
        : base(options, nameof(MmFormer3D))
    {
        IReadOnlyList<int> widths = options.Widths();
        foreach (string _ in options.Modalities)
            encoders.Add(new HybridEncoder(widths, options));
        correlation = new ModalityCorrelation(options.Modalities.Count, widths[^1], options);
        foreach (int width in widths)
            fusions.Add(new ModalityFusion(options.Modalities.Count, width));
        decoder = new PreActivationDecoder(widths);
        separate = new PreActivationDecoder(widths);
        foreach (int width in widths.Skip(1))
            deepHeads.Add(Conv3d(width, options.OutputChannels, 1));
        separateHead = Conv3d(widths[0], options.OutputChannels, 1);
        head = Conv3d(widths[0], options.OutputChannels, 1);
        RegisterComponents();
    }

    /// <summary>Runs the encoders, fuses what they found and decodes it up to the last convolution.</summary>
    /// <param name="images">Images [N, 1, D, H, W] of at least one of <see cref="HeteroModalNetwork.Modalities"/>; others are ignored.</param>
    /// <returns>A <see cref="DecodedEncoderOutput"/> whose levels are the fused features.</returns>
    /// <exception cref="ArgumentException">There is no image of a modality that the network knows, or the size does not fit;
    /// the message names one that would.</exception>
    public override EncoderOutput Encode(ModalityImages images)
    {
        IReadOnlyList<string> atHand = ModalitySubset.AtHand(this, images);
        IReadOnlyList<string> fused = training ? ModalitySubset.Draw(atHand) : atHand;
        var features = new Dictionary<string, IReadOnlyList<Tensor>>(StringComparer.Ordinal);
        foreach ((int index, string name) in Modalities.Index().Where(modality => images.Contains(modality.Item)))
            features.Add(name, encoders[index].call(images[name]));

        Tensor[] skips = [.. Enumerable.Range(0, Levels - 1).Select(level => fusions[level].call(
            Absent.Concatenated([.. Modalities.Select(name => fused.Contains(name) ? features[name][level] : null)])))];
        Tensor deepest = fusions[Levels - 1].call(Correlated(fused, features));
        IReadOnlyList<Tensor> levels = [.. skips, deepest];
        IReadOnlyList<Tensor> decoded = decoder.call(levels);
        return new DecodedEncoderOutput(
            levels, decoded, [.. deepHeads.Zip(decoded.Skip(1), (deep, level) => deep.CallWide(level))], fused, features);
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, Tensor> SegmentModalities(EncoderOutput encoding) => DecodedEncoderOutput.Of(encoding, Levels).ModalityFeatures
        .ToDictionary(modality => modality.Key, modality => separateHead.CallWide(separate.call(modality.Value)[0]), StringComparer.Ordinal);

    /// <inheritdoc/>
    public override OnnxValue WriteOnnx(OnnxGraph graph, IReadOnlyDictionary<string, OnnxValue> images)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(images);
        OnnxValue[]?[] features =
            [.. Modalities.Index().Select(modality =>
                images.TryGetValue(modality.Item, out OnnxValue? image) ? encoders[modality.Index].WriteOnnx(graph, image) : null)];
        OnnxValue[] skips = [.. Enumerable.Range(0, Levels - 1).Select(level => graph.Apply(
            fusions[level], Absent.WriteOnnx(graph, [.. features.Select(feature => feature?[level])])))];
        OnnxValue correlated = correlation.WriteOnnx(
            graph,
            [.. features.Select((feature, index) =>
                feature is null ? ((OnnxValue Tokens, OnnxValue Grid, OnnxValue Positions)?)null : encoders[index].WriteTokens(graph, feature[^1]))]);
        return graph.Apply(head, decoder.WriteOnnx(graph, [.. skips, graph.Apply(fusions[Levels - 1], correlated)]));
    }

    private Tensor Correlated(IReadOnlyList<string> fused, Dictionary<string, IReadOnlyList<Tensor>> features)
    {
        long[] size = features[fused[0]][^1].shape[2..];
        (HybridEncoder Encoder, string Name)[] modalities = [.. encoders.Zip(Modalities)];
        return correlation.call(
            [.. modalities.Select(modality => fused.Contains(modality.Name) ? modality.Encoder.TokensOf(features[modality.Name][^1]) : null)],
            [.. modalities.Select(modality => fused.Contains(modality.Name) ? modality.Encoder.PositionsFor(size) : null)],
            size);
    }

    private protected override Module<Tensor, Tensor> Head => head;
}
