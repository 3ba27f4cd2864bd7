using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Onnx;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Methods.DisentangledFusion;

/// <summary>
/// Feature disentanglement and gated fusion, the multi-modal network of Chen et al. (2019): each modality is encoded into a content code at every level
/// and an appearance code, a short vector. The content codes are fused through gates that say at every voxel how much each modality counts;
/// one decoder segments from the fused content, and one decoder per modality reconstructs its image from the fused content and its own appearance.
/// </summary>
/// <remarks>
/// In training mode each call of <see cref="Encode"/> fuses the content of a random subset of the modalities that it is given: its size is uniform
/// in 1 to their number, then every subset of that size is equally likely. It is drawn with torch's default CPU generator and shared by the batch;
/// the appearance codes are sampled. The appearance of all given modalities is encoded, so the images of those that were left out must be reconstructed
/// from the content of the others. In evaluation mode all contents are fused, and appearance codes are means.
/// Unlike in the published code, the appearance encoder gives a mean and a variance of its code (there the divergence is of the scales
/// and offsets made from it) and has one convolution less; the gates have no norm; convolutions pad with zeros;
/// modalities are left out by the draw above instead of by one coin toss each.
/// </remarks>
public sealed class DisentangledFusionNet3D : HeteroModalNetwork, IReconstructingNetwork
{
    private readonly ModuleList<StageEncoder> contentEncoders = [];
    private readonly ModuleList<AppearanceEncoder> appearanceEncoders = [];
    private readonly ModuleList<GatedFusion> fusions = [];
    private readonly StageDecoder segmentation;
    private readonly ModuleList<AppearanceDecoder> reconstructions = [];

    /// <summary>Makes the network with random weights.</summary>
    /// <param name="options">How to build it.</param>
    /// <exception cref="ArgumentException">The options are not valid; the message lists every fault.</exception>
    public DisentangledFusionNet3D(DisentangledFusionNet3DOptions options)
        : base(options, nameof(DisentangledFusionNet3D))
    {
        IReadOnlyList<int> widths = options.Widths();
        foreach (string _ in options.Modalities)
        {
            contentEncoders.Add(new StageEncoder(widths));
            appearanceEncoders.Add(new AppearanceEncoder(options.BaseWidth, options.Levels, options.AppearanceDimension));
            reconstructions.Add(new AppearanceDecoder(widths, options.AppearanceDimension));
        }

        foreach (int width in widths)
            fusions.Add(new GatedFusion(options.Modalities.Count, width));
        segmentation = new StageDecoder(widths, options.OutputChannels, interpolates: false);
        RegisterComponents();
    }

    /// <summary>Runs the encoders and fuses the content.</summary>
    /// <param name="images">Images [N, 1, D, H, W] of at least one of <see cref="HeteroModalNetwork.Modalities"/>; others are ignored.</param>
    /// <returns>A <see cref="DisentangledEncoderOutput"/> whose levels are the fused content.</returns>
    /// <exception cref="ArgumentException">There is no image of a modality that the network knows, or the size does not fit;
    /// the message names one that would.</exception>
    public override EncoderOutput Encode(ModalityImages images)
    {
        IReadOnlyList<string> atHand = ModalitySubset.AtHand(this, images);
        IReadOnlyList<string> fused = training ? ModalitySubset.Draw(atHand) : atHand;
        IReadOnlyList<Tensor>?[] contents =
            [.. Modalities.Index().Select(modality => fused.Contains(modality.Item) ? contentEncoders[modality.Index].call(images[modality.Item]) : null)];
        Tensor[] levels = [.. fusions.Index().Select(level => level.Item.call([.. contents.Select(content => content?[level.Index])]))];

        var appearances = new Dictionary<string, DiagonalGaussian>(StringComparer.Ordinal);
        foreach ((int index, string name) in Modalities.Index().Where(modality => images.Contains(modality.Item)))
            appearances.Add(name, appearanceEncoders[index].call(images[name]));
        Dictionary<string, Tensor> codes = appearances.ToDictionary(
            appearance => appearance.Key,
            appearance => training ? appearance.Value.Sample() : appearance.Value.Mean.alias(),
            StringComparer.Ordinal);
        return new DisentangledEncoderOutput(levels, fused, appearances, codes);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The encoding comes from a network with another number of levels.</exception>
    public override Tensor Decode(EncoderOutput encoding) => segmentation.call(EncodedLevels.Of(encoding, Levels));

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The encoding comes from a network with another number of levels.</exception>
    public override DecoderOutput DecodeWithFeatures(EncoderOutput encoding, IReadOnlyList<string> names) =>
        segmentation.RunWithFeatures(EncodedLevels.Of(encoding, Levels), names);

    /// <inheritdoc/>
    public override OnnxValue WriteOnnx(OnnxGraph graph, IReadOnlyDictionary<string, OnnxValue> images)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(images);
        OnnxValue[]?[] contents =
            [.. Modalities.Index().Select(modality =>
                images.TryGetValue(modality.Item, out OnnxValue? image) ? contentEncoders[modality.Index].WriteOnnx(graph, image) : null)];
        return segmentation.WriteOnnx(
            graph, [.. fusions.Index().Select(level => level.Item.WriteOnnx(graph, [.. contents.Select(content => content?[level.Index])]))]);
    }

    /// <summary>Makes an image of every modality that was given to <see cref="Encode"/>, because only their appearance is known.</summary>
    /// <param name="encoding">What <see cref="Encode"/> of this network returned.</param>
    /// <returns>The images by modality, each [N, 1, D, H, W].</returns>
    /// <exception cref="ArgumentException">The encoding comes from another network.</exception>
    public ModalityImages Reconstruct(EncoderOutput encoding)
    {
        ArgumentNullException.ThrowIfNull(encoding);
        if (encoding is not DisentangledEncoderOutput disentangled)
        {
            throw new ArgumentException(
                $"The encoding holds no appearance codes: it comes from another network, not from a {nameof(DisentangledFusionNet3D)}.", nameof(encoding));
        }

        return new ModalityImages(Modalities.Index()
            .Where(modality => disentangled.AppearanceCodes.ContainsKey(modality.Item))
            .Select(modality =>
                KeyValuePair.Create(modality.Item, reconstructions[modality.Index].call(encoding.Bottleneck, disentangled.AppearanceCodes[modality.Item]))));
    }
}
