using KnowledgeDistillation.Networks;
using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Methods.DeMoSeg;

/// <summary>
/// DeMoSeg of Yang et al. (2024), which decouples what a modality says of itself from what it says for others: two convolutions make features of each modality
/// with one part for itself and one for every other modality; the first features are each modality's own part, or, where it is missing, the part with which the
/// modality stands in for it that shows most nearly the same. A U-Net like nnU-Net's segments, in which channels guide
/// each other (<see cref="CrossGuidedBlock"/>).
/// </summary>
/// <remarks>
/// In training mode each call of <see cref="Encode"/> uses a random subset of the modalities that it is given: its size is uniform in 1 to their number,
/// then every subset of that size is equally likely (published: each of the 15 subsets of four is equally likely). It is drawn with torch's default CPU
/// generator and shared by the batch. All given modalities make their first features, because <see cref="SubstituteLoss"/> compares them.
/// In evaluation mode all that it is given are used.
/// </remarks>
public sealed class DeMoSeg3D : DecodedNetwork
{
    private readonly FeatureParts _parts;
    private readonly IReadOnlyList<IReadOnlyList<int>> _substitutes;
    private readonly ModuleList<GuidedStage> encoders = [];
    private readonly ModuleList<GuidedStage> down = [];
    private readonly ModuleList<Module<Tensor, Tensor>> raise = [];
    private readonly ModuleList<GuidedStage> up = [];
    private readonly ModuleList<Module<Tensor, Tensor>> deepHeads = [];
    private readonly Module<Tensor, Tensor> head;

    /// <summary>Makes the network with random weights.</summary>
    /// <param name="options">How to build it.</param>
    /// <exception cref="ArgumentException">The options are not valid; the message lists every fault.</exception>
    public DeMoSeg3D(DeMoSeg3DOptions options)
        : base(options, nameof(DeMoSeg3D))
    {
        IReadOnlyList<int> widths = options.CappedWidths();
        _parts = new FeatureParts(widths[0], options.Modalities.Count);
        _substitutes = ModalitySubstitution.Order(options);
        foreach (string _ in options.Modalities)
            encoders.Add(new GuidedStage(1, widths[0]));
        foreach ((int shallower, int deeper) in widths.Zip(widths.Skip(1)))
        {
            down.Add(new GuidedStage(shallower, deeper, stride: 2));
            raise.Add(new TransposedConvolution(deeper, shallower, [2, 2, 2], bias: false));
            up.Add(new GuidedStage(2 * shallower, shallower));
        }

        // As in nnU-Net the two deepest levels are not supervised, as long as one is left.
        foreach (int width in widths.Skip(1).Take(Math.Max(1, options.Levels - 3)))
            deepHeads.Add(Conv3d(width, options.OutputChannels, 1, bias: false));
        head = Conv3d(widths[0], options.OutputChannels, 1, bias: false);
        RegisterComponents();
    }

    /// <summary>Makes the first features of each modality, joins them, encodes and decodes them up to the last convolution.</summary>
    /// <param name="images">Images [N, 1, D, H, W] of at least one of <see cref="HeteroModalNetwork.Modalities"/>; others are ignored.</param>
    /// <returns>A <see cref="DecodedEncoderOutput"/> whose levels are those of the U-Net's encoder.</returns>
    /// <exception cref="ArgumentException">There is no image of a modality that the network knows, or the size does not fit;
    /// the message names one that would.</exception>
    public override EncoderOutput Encode(ModalityImages images)
    {
        IReadOnlyList<string> atHand = ModalitySubset.AtHand(this, images);
        IReadOnlyList<string> used = training ? ModalitySubset.Draw(atHand) : atHand;
        var features = new Dictionary<string, IReadOnlyList<Tensor>>(StringComparer.Ordinal);
        foreach ((int index, string name) in Modalities.Index().Where(modality => images.Contains(modality.Item)))
            features.Add(name, [encoders[index].call(images[name])]);

        var levels = new Tensor[Levels];
        int[] givers = ModalitySubstitution.Givers(_substitutes, [.. Modalities.Select(used.Contains)]);
        levels[0] = cat([.. givers.Select((giver, part) => Part(features[Modalities[giver]][0], part))], 1);
        for (int level = 1; level < Levels; level++)
            levels[level] = down[level - 1].call(levels[level - 1]);
        Tensor[] decoded = [.. levels];
        for (int level = Levels - 2; level >= 0; level--)
            decoded[level] = up[level].call(cat([raise[level].call(decoded[level + 1]), levels[level]], 1));
        return new DecodedEncoderOutput(
            levels, decoded, [.. deepHeads.Zip(decoded.Skip(1), (deep, level) => deep.CallWide(level))], used, features);
    }

    /// <inheritdoc/>
    public override OnnxValue WriteOnnx(OnnxGraph graph, IReadOnlyDictionary<string, OnnxValue> images)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(images);
        OnnxValue?[] features = [.. Modalities.Index().Select(modality =>
            images.TryGetValue(modality.Item, out OnnxValue? image) ? graph.Apply(encoders[modality.Index], image) : null)];
        int[] givers = ModalitySubstitution.Givers(_substitutes, [.. features.Select(feature => feature is not null)]);
        var levels = new OnnxValue[Levels];
        levels[0] = graph.Concatenate([.. givers.Select((giver, part) => Part(features[giver]!, part))]);
        for (int level = 1; level < Levels; level++)
            levels[level] = graph.Apply(down[level - 1], levels[level - 1]);
        OnnxValue decoded = levels[^1];
        for (int level = Levels - 2; level >= 0; level--)
            decoded = graph.Apply(up[level], graph.Concatenate(graph.Apply(raise[level], decoded), levels[level]));
        return graph.Apply(head, decoded);

        OnnxValue Part(OnnxValue value, int part) =>
            graph.Add("Slice", [value, graph.Integers(_parts.Start(part)), graph.Integers(_parts.Start(part + 1)), graph.Integers(1)]);
    }

    /// <summary>The part of the features of a modality with which it stands for the modality of a number, itself or another.</summary>
    internal Tensor Part(Tensor features, int part) => features.narrow(1, _parts.Start(part), _parts.Length(part));

    private protected override Module<Tensor, Tensor> Head => head;
}
