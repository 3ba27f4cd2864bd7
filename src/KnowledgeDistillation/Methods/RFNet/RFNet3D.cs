using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Onnx;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Methods.RFNet;

/// <summary>
/// RFNet, the region-aware fusion network of Ding, Yu and Yang (ICCV 2021): each modality has an encoder of its own. At every level the network estimates
/// where each region lies, and fuses the modalities region by region, each with the weight that it deserves there. A second decoder,
/// which all modalities share, segments from each modality alone, and only training looks at it.
/// </summary>
/// <remarks>
/// In training mode each call of <see cref="Encode"/> fuses a random subset of the modalities that it is given: its size is uniform in 1 to their number,
/// then every subset of that size is equally likely. It is drawn with torch's default CPU generator and shared by the batch. The encoders of all given
/// modalities run, because <see cref="Losses.ModalitySegmentationLoss"/> looks at each. In evaluation mode all that it is given are fused.
/// Unlike in the published code, norms learn scale and offset, no convolution before a norm has a bias, convolutions pad with zeros,
/// and doubling does not align corners.
/// </remarks>
public sealed class RFNet3D : DecodedNetwork, IModalitySegmentingNetwork
{
    private readonly ModuleList<StageEncoder> encoders = [];
    private readonly RegionAwareDecoder decoder;
    private readonly StageDecoder separate;
    private readonly Module<Tensor, Tensor> head;

    /// <summary>Makes the network with random weights.</summary>
    /// <param name="options">How to build it.</param>
    /// <exception cref="ArgumentException">The options are not valid; the message lists every fault.</exception>
    public RFNet3D(RFNet3DOptions options)
        : base(options, nameof(RFNet3D))
    {
        IReadOnlyList<int> widths = options.Widths();
        foreach (string _ in options.Modalities)
            encoders.Add(new StageEncoder(widths));
        decoder = new RegionAwareDecoder(widths, options.Modalities.Count, options.OutputChannels, options.SigmoidMaps);
        separate = new StageDecoder(widths, options.OutputChannels, interpolates: true);
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
        RegionAwareDecoding decoding = decoder.call(
            [.. Enumerable.Range(0, Levels).Select(level =>
                (IReadOnlyList<Tensor?>)[.. Modalities.Select(name => fused.Contains(name) ? features[name][level] : null)])]);
        return new DecodedEncoderOutput(decoding.Fused, decoding.Decoded, decoding.MapLogits, fused, features);
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, Tensor> SegmentModalities(EncoderOutput encoding) => DecodedEncoderOutput.Of(encoding, Levels).ModalityFeatures
        .ToDictionary(modality => modality.Key, modality => separate.call(modality.Value), StringComparer.Ordinal);

    /// <inheritdoc/>
    public override OnnxValue WriteOnnx(OnnxGraph graph, IReadOnlyDictionary<string, OnnxValue> images)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(images);
        OnnxValue[]?[] features =
            [.. Modalities.Index().Select(modality =>
                images.TryGetValue(modality.Item, out OnnxValue? image) ? encoders[modality.Index].WriteOnnx(graph, image) : null)];
        return graph.Apply(
            head,
            decoder.WriteOnnx(
                graph,
                [.. Enumerable.Range(0, Levels).Select(level => (IReadOnlyList<OnnxValue?>)[.. features.Select(feature => feature?[level])])]));
    }

    private protected override Module<Tensor, Tensor> Head => head;
}
