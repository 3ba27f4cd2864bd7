using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Runtime;
using MathNet.Numerics;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks;

/// <summary>
/// Several networks as one: its probabilities are the (weighted) mean of its members' probabilities. A teacher that is an ensemble,
/// for example over folds, or a model for inference.
/// </summary>
/// <remarks>
/// <para>Sees the union of its members' modalities, and each member takes its own. Its logits z are such that σ(z) is the mean probability:
/// its logarithm for exclusive classes, its log-odds for overlapping regions; finite for members' logits of ±10,000. Owns the members.
/// Its state dictionary holds theirs, so weights are saved with it and read by an ensemble of the same members, but there is no recipe to build it from:
/// use <c>SegmentationModel.LoadInto</c>.</para>
/// <para>It has no bottleneck: features of networks that were trained apart are not aligned, channel by channel, so that their mean stands for nothing.
/// A loss of features fails with a sentence that says so; make each member a teacher of its own and use <see cref="Losses.TeacherMeanLoss"/> there.</para>
/// </remarks>
public sealed class EnsembleNetwork : Module, IEncoderDecoder, IOnnxExportable
{
    private readonly ModuleList<Module> members = [];
    private readonly IEncoderDecoder[] _networks;
    private readonly double[] _weights;
    private readonly LabelScheme _labels;

    /// <summary>Makes a network of several, which it owns from now on. Where this throws, they still belong to the caller.</summary>
    /// <param name="networks">The members, at least one, all different and on one device, with the label scheme's channels.</param>
    /// <param name="labels">How the channels of all relate to classes.</param>
    /// <param name="weights">The weight of each member, finite and above 0; they need not add up to 1. Null to give all the same.</param>
    /// <exception cref="ArgumentException">Members or weights are not valid; the message lists every fault.</exception>
    public EnsembleNetwork(IReadOnlyList<IEncoderDecoder> networks, LabelScheme labels, IReadOnlyList<double>? weights = null)
        : base(TorchRuntime.Checked(nameof(EnsembleNetwork)))
    {
        ArgumentNullException.ThrowIfNull(networks);
        ArgumentNullException.ThrowIfNull(labels);
        foreach (IEncoderDecoder network in networks)
            ArgumentNullException.ThrowIfNull(network, nameof(networks));
        var faults = new OptionFaults(nameof(EnsembleNetwork))
            .Require(networks.Count > 0, "At least one member is needed.")
            .Require(
                networks.Select(network => network.Module).Distinct(ReferenceEqualityComparer.Instance).Count() == networks.Count,
                "A network is a member twice: give it a greater weight instead.");
        for (int i = 0; i < networks.Count; i++)
        {
            faults.Require(
                networks[i].OutputChannels == labels.Channels,
                $"Member {i} has {networks[i].OutputChannels} output channels, but the label scheme has {labels.Channels}.");
        }

        faults.Require(
            networks.Select(network => network.SpatialDimensions).Distinct().Count() <= 1,
            "Some members see slices and others volumes: all must see the same.");
        if (weights is not null)
        {
            faults.Require(weights.Count == networks.Count, $"{networks.Count} members need as many weights, but {weights.Count} were given.");
            for (int i = 0; i < weights.Count; i++)
                faults.Require(weights[i] > 0 && double.IsFinite(weights[i]), $"The weight of member {i} must be finite and above 0, but is {weights[i]}.");
        }

        faults.ThrowIfAny();
        double sum = weights?.Sum() ?? networks.Count;
        (_networks, _labels, _weights) = ([.. networks], labels, [.. networks.Select((_, i) => (weights?[i] ?? 1) / sum)]);
        Modalities = [.. networks.SelectMany(network => network.Modalities).Distinct(StringComparer.Ordinal)];
        NeedsAllModalities = networks.Any(network => network.NeedsAllModalities || network.Modalities.Count != Modalities.Count);
        SizeMultiple = (int)Euclid.LeastCommonMultiple([.. networks.Select(network => (long)network.SizeMultiple)]);
        foreach (IEncoderDecoder network in networks)
            members.Add(network.Module);
        RegisterComponents();
    }

    /// <summary>The members.</summary>
    public IReadOnlyList<IEncoderDecoder> Members => _networks;

    /// <inheritdoc/>
    public Module Module => this;

    /// <summary>All modalities that a member can see.</summary>
    public IReadOnlyList<string> Modalities { get; }

    /// <summary>Whether an image of every modality is needed: false where each member takes any subset of the same modalities.</summary>
    public bool NeedsAllModalities { get; }

    /// <inheritdoc/>
    public int OutputChannels => _labels.Channels;

    /// <summary>The least common multiple of the members'.</summary>
    public int SizeMultiple { get; }

    /// <summary>That of every member.</summary>
    public int SpatialDimensions => _networks[0].SpatialDimensions;

    /// <summary>Runs the encoders of all members.</summary>
    /// <param name="images">Images of <see cref="Modalities"/>.</param>
    /// <returns>What the members' encoders returned; asking it for levels or a bottleneck throws, because an ensemble has none.</returns>
    /// <exception cref="ArgumentException">A modality that a member needs is missing, or the size does not fit.</exception>
    public EncoderOutput Encode(ModalityImages images)
    {
        ArgumentNullException.ThrowIfNull(images);
        return new EnsembleEncoding([.. _networks.Select(network => network.Encode(images))]);
    }

    /// <inheritdoc/>
    public Tensor Decode(EncoderOutput encoding)
    {
        if (encoding is not EnsembleEncoding ensemble || ensemble.Members.Count != _networks.Length)
            throw new ArgumentException("This encoding comes from another network.", nameof(encoding));
        return _labels.MeanLogits([.. _networks.Zip(ensemble.Members, (network, part) => network.Decode(part))], _weights);
    }

    /// <inheritdoc/>
    public int? ImageChannels(string modality) =>
        _networks.Where(network => network.Modalities.Contains(modality, StringComparer.Ordinal))
            .Select(network => OnnxGraph.Exportable(network).ImageChannels(modality)).FirstOrDefault(channels => channels is not null);

    /// <inheritdoc/>
    public OnnxValue WriteOnnx(OnnxGraph graph, IReadOnlyDictionary<string, OnnxValue> images)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(images);
        return MeanLogits.Write(graph, _labels, [.. _networks.Select(network => graph.Apply(network, images))], _weights);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            foreach (IEncoderDecoder network in _networks)
                network.Dispose();
        }

        base.Dispose(disposing);
    }
}
