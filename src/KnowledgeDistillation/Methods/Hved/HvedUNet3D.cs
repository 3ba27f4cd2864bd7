using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.Hved;

/// <summary>
/// U-HVED, the hetero-modal variational encoder-decoder of Dorent et al. (2019): each modality has an encoder of its own that gives a normal distribution
/// over the latent code of every level; the product of the distributions at hand and of a standard normal prior is the distribution of the fused code,
/// from which one decoder segments and one decoder per modality reconstructs its image.
/// </summary>
/// <remarks>
/// In training mode each call of <see cref="Encode"/> fuses a random subset of the modalities that it is given: its size is uniform in 1 to their number,
/// then every subset of that size is equally likely. It is drawn with torch's default CPU generator and shared by the batch; the codes are sampled.
/// The encoders of all given modalities run, because <see cref="ModalitySubsetDivergenceLoss"/> needs their distributions:
/// through it alone a modality that was not drawn learns in that step.
/// In evaluation mode all that it is given are fused, and the codes are the means of their distributions unless
/// <see cref="HvedUNet3DOptions.SampleAtInference"/> says otherwise.
/// </remarks>
public sealed class HvedUNet3D : HeteroModalNetwork, IReconstructingNetwork
{
    private const double Lowest = -50, Highest = 50;

    private static readonly Scalar LowestLogVariance = Lowest;
    private static readonly Scalar HighestLogVariance = Highest;

    private readonly bool _samplesAtInference;
    private readonly ModuleList<ModalityEncoder> encoders = [];
    private readonly FusedLevelsDecoder segmentation;
    private readonly ModuleList<FusedLevelsDecoder> reconstructions = [];

    /// <summary>Makes the network with random weights.</summary>
    /// <param name="options">How to build it.</param>
    /// <exception cref="ArgumentException">The options are not valid; the message lists every fault.</exception>
    public HvedUNet3D(HvedUNet3DOptions options)
        : base(options, nameof(HvedUNet3D))
    {
        _samplesAtInference = options.SampleAtInference;
        IReadOnlyList<int> widths = options.Widths();
        int[] latentWidths = [.. widths.Select(width => width / 2)];
        foreach (string _ in options.Modalities)
        {
            encoders.Add(new ModalityEncoder(widths, widths));
            reconstructions.Add(new FusedLevelsDecoder(widths, latentWidths, outputs: 1));
        }

        segmentation = new FusedLevelsDecoder(widths, latentWidths, options.OutputChannels);
        RegisterComponents();
    }

    /// <summary>Runs the encoders, fuses their distributions and draws the latent codes.</summary>
    /// <param name="images">Images [N, 1, D, H, W] of at least one of <see cref="HeteroModalNetwork.Modalities"/>; others are ignored.</param>
    /// <returns>An <see cref="HvedEncoderOutput"/> whose levels are the latent codes.</returns>
    /// <exception cref="ArgumentException">There is no image of a modality that the network knows, or the size does not fit;
    /// the message names one that would.</exception>
    public override EncoderOutput Encode(ModalityImages images)
    {
        IReadOnlyList<string> atHand = ModalitySubset.AtHand(this, images);
        IReadOnlyList<string> fusedModalities = training ? ModalitySubset.Draw(atHand) : atHand;
        var posteriors = new Dictionary<string, IReadOnlyList<DiagonalGaussian>>(StringComparer.Ordinal);
        foreach ((int index, string name) in Modalities.Index().Where(modality => images.Contains(modality.Item)))
            posteriors.Add(name, [.. encoders[index].call(images[name]).Select(Posterior)]);

        DiagonalGaussian[] fused =
        [
            .. Enumerable.Range(0, Levels)
                .Select(level => GaussianExpert.ProductWithPrior(fusedModalities.Select(name => GaussianExpert.Of(posteriors[name][level]))))
        ];
        bool samples = training || _samplesAtInference;
        return new HvedEncoderOutput([.. fused.Select(code => samples ? code.Sample() : code.Mean.alias())], fused, fusedModalities, posteriors);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The encoding comes from a network with another number of levels.</exception>
    public override Tensor Decode(EncoderOutput encoding) => segmentation.call(EncodedLevels.Of(encoding, Levels));

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The encoding comes from a network with another number of levels.</exception>
    public override DecoderOutput DecodeWithFeatures(EncoderOutput encoding, IReadOnlyList<string> names) =>
        segmentation.RunWithFeatures(EncodedLevels.Of(encoding, Levels), names);

    /// <summary>Makes an image of every modality that the network knows, given or not, from the same latent codes that the segmentation is made from.</summary>
    /// <param name="encoding">What <see cref="Encode"/> of this network returned.</param>
    /// <returns>The images by modality, each [N, 1, D, H, W].</returns>
    /// <exception cref="ArgumentException">The encoding comes from a network with another number of levels.</exception>
    public ModalityImages Reconstruct(EncoderOutput encoding)
    {
        IReadOnlyList<Tensor> codes = EncodedLevels.Of(encoding, Levels);
        return new ModalityImages(Modalities.Index().Select(modality => KeyValuePair.Create(modality.Item, reconstructions[modality.Index].call(codes))));
    }

    /// <summary>
    /// Writes the segmentation in evaluation mode: the codes are the means of their distributions, also with <see cref="HvedUNet3DOptions.SampleAtInference"/>,
    /// because a file should give the same result every time.
    /// </summary>
    /// <param name="graph">Takes the operations.</param>
    /// <param name="images">The images by modality, at least one; the encoders of the others are left out.</param>
    /// <returns>The raw logits [N, K, D, H, W].</returns>
    public override OnnxValue WriteOnnx(OnnxGraph graph, IReadOnlyDictionary<string, OnnxValue> images)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(images);
        (OnnxValue Mean, OnnxValue LogVariance)[][] posteriors =
            [.. Modalities.Index().Where(modality => images.ContainsKey(modality.Item))
                .Select(modality => encoders[modality.Index].WriteOnnx(graph, images[modality.Item]).Select(Posterior).ToArray())];
        return segmentation.WriteOnnx(
            graph, [.. Enumerable.Range(0, Levels).Select(level => GaussianExpert.WriteOnnx(graph, [.. posteriors.Select(levels => levels[level])]))]);

        (OnnxValue Mean, OnnxValue LogVariance) Posterior(OnnxValue features)
        {
            IReadOnlyList<OnnxValue> halves = graph.Split(features, 2);
            return (halves[0], graph.Add("Clip", [halves[1], graph.Scalar(Lowest), graph.Scalar(Highest)]));
        }
    }

    private static DiagonalGaussian Posterior(Tensor features)
    {
        Tensor[] halves = ReducedPrecision.Widen(features).chunk(2, 1);
        return new DiagonalGaussian(halves[0], halves[1].clamp(LowestLogVariance, HighestLogVariance));
    }
}
