using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.Hemis;

/// <summary>
/// U-HeMIS, the hetero-modal network that U-HVED is compared with (Dorent et al. 2019): HeMIS (Havaei et al. 2016) with the shape of a U-Net.
/// Each modality has an encoder of its own; at every level the features are fused by their mean and their population variance over the modalities,
/// which any non-empty subset of modalities has; one decoder segments.
/// </summary>
/// <remarks>
/// In training mode each call of <see cref="Encode"/> fuses a random subset of the modalities that it is given: its size is uniform in 1 to their number,
/// then every subset of that size is equally likely. It is drawn with torch's default CPU generator and shared by the batch.
/// In evaluation mode all that it is given are fused. Encoders of modalities that are not fused do not run.
/// </remarks>
public sealed class HemisUNet3D : HeteroModalNetwork
{
    private readonly ModuleList<ModalityEncoder> encoders = [];
    private readonly FusedLevelsDecoder decoder;

    /// <summary>Makes the network with random weights.</summary>
    /// <param name="options">How to build it.</param>
    /// <exception cref="ArgumentException">The options are not valid; the message lists every fault.</exception>
    public HemisUNet3D(HemisUNet3DOptions options)
        : base(options, nameof(HemisUNet3D))
    {
        IReadOnlyList<int> widths = options.Widths();
        foreach (string _ in options.Modalities)
            encoders.Add(new ModalityEncoder(widths, [.. widths.Select(width => width / 2)]));
        // Mean and variance of half the width each.
        decoder = new FusedLevelsDecoder(widths, widths, options.OutputChannels);
        RegisterComponents();
    }

    /// <summary>Runs the encoders and fuses what they found.</summary>
    /// <param name="images">Images [N, 1, D, H, W] of at least one of <see cref="HeteroModalNetwork.Modalities"/>; others are ignored.</param>
    /// <returns>The fused features of every level: mean, then variance.</returns>
    /// <exception cref="ArgumentException">There is no image of a modality that the network knows, or the size does not fit;
    /// the message names one that would.</exception>
    public override EncoderOutput Encode(ModalityImages images)
    {
        IReadOnlyList<string> atHand = ModalitySubset.AtHand(this, images);
        IReadOnlyList<string> fused = training ? ModalitySubset.Draw(atHand) : atHand;
        IReadOnlyList<Tensor>[] features =
            [.. Modalities.Index().Where(modality => fused.Contains(modality.Item)).Select(modality => encoders[modality.Index].call(images[modality.Item]))];
        return new EncoderOutput([.. Enumerable.Range(0, Levels).Select(level => MeanAndVariance([.. features.Select(levels => levels[level])]))]);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The encoding comes from a network with another number of levels.</exception>
    public override Tensor Decode(EncoderOutput encoding) => decoder.call(EncodedLevels.Of(encoding, Levels));

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The encoding comes from a network with another number of levels.</exception>
    public override DecoderOutput DecodeWithFeatures(EncoderOutput encoding, IReadOnlyList<string> names) =>
        decoder.RunWithFeatures(EncodedLevels.Of(encoding, Levels), names);

    /// <inheritdoc/>
    public override OnnxValue WriteOnnx(OnnxGraph graph, IReadOnlyDictionary<string, OnnxValue> images)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(images);
        OnnxValue[][] features =
            [.. Modalities.Index().Where(modality => images.ContainsKey(modality.Item))
                .Select(modality => encoders[modality.Index].WriteOnnx(graph, images[modality.Item]))];
        return decoder.WriteOnnx(
            graph, [.. Enumerable.Range(0, Levels).Select(level => MeanAndVariance(graph, [.. features.Select(levels => levels[level])]))]);
    }

    private static OnnxValue MeanAndVariance(OnnxGraph graph, IReadOnlyList<OnnxValue> features)
    {
        OnnxValue count = graph.Scalar(features.Count);
        OnnxValue mean = graph.Over(graph.Sum(features), count);
        OnnxValue[] distances = [.. features.Select(feature => graph.Minus(feature, mean))];
        return graph.Concatenate(mean, graph.Over(graph.Sum([.. distances.Select(distance => graph.Times(distance, distance))]), count));
    }

    /// <summary>[N, 2C, D, H, W]: the mean over the modalities and their variance, which is 0 for one modality.</summary>
    internal static Tensor MeanAndVariance(IReadOnlyList<Tensor> features)
    {
        Tensor all = ReducedPrecision.Widen(stack(features));
        Tensor mean = all.mean([0]);
        return cat([mean, (all - mean).Squared().mean([0])], 1);
    }
}
