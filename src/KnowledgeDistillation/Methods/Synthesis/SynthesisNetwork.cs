using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Runtime;
using MathNet.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Methods.Synthesis;

/// <summary>
/// Synthesizes missing modalities, then segments from the real and the synthesized ones together. The KD-Net paper tried it with T1ce and a FLAIR made of it,
/// and reports results below its baseline (paragraph "Observations").
/// </summary>
/// <remarks>
/// <para>
/// The segmenter sees what the generator made even where a batch holds the real modality, so training and inference are alike.
/// The images are the generator's raw output, without activation.
/// The encoding is the segmenter's, so the losses on features compare its bottleneck.
/// </para>
/// <para>
/// Trained in two stages: first with a <see cref="Losses.ReconstructionLoss"/> alone, which reaches the generator only;
/// then, after <see cref="FreezeGenerator"/>, with the reference (or KD-Net's objective).
/// Or jointly, with both terms in one objective. In the first stage the segmenter runs along without a gradient, but a batch norm in it gathers statistics.
/// </para>
/// <para>Owns both networks.</para>
/// </remarks>
public sealed class SynthesisNetwork : Module, IReconstructingNetwork, IOnnxExportable
{
    // In a tuple, because a module in a field of its own would be registered a second time.
    private readonly (IEncoderDecoder Generator, IEncoderDecoder Segmenter) _parts;
    private readonly IReadOnlyList<string> _synthesized;
    private readonly Module generator;
    private readonly Module segmenter;
    private bool _generatorIsFrozen;

    /// <summary>Builds both networks, the generator first.</summary>
    /// <param name="options">How to build it.</param>
    /// <exception cref="ArgumentException">The options are not valid, or the two networks do not fit together; the message says which.</exception>
    public SynthesisNetwork(SynthesisNetworkOptions options)
        : this(Build(options), options.SynthesizedModalities)
    {
    }

    /// <summary>
    /// Joins two networks, for example a generator that was trained before. The network owns both from now on;
    /// where this throws, they still belong to the caller.
    /// </summary>
    /// <param name="generator">Sees the modalities at hand, and gives one output channel for each synthesized modality.</param>
    /// <param name="segmenter">Sees the synthesized modalities, and real ones besides.</param>
    /// <param name="synthesizedModalities">The names of the generator's output channels, in their order.</param>
    /// <exception cref="ArgumentException">The two do not fit together; the message says why.</exception>
    public SynthesisNetwork(IEncoderDecoder generator, IEncoderDecoder segmenter, IReadOnlyList<string> synthesizedModalities)
        : this((generator, segmenter), synthesizedModalities)
    {
    }

    private SynthesisNetwork((IEncoderDecoder Generator, IEncoderDecoder Segmenter) parts, IReadOnlyList<string> synthesizedModalities)
        : base(TorchRuntime.Checked(nameof(SynthesisNetwork)))
    {
        Check(parts.Generator, parts.Segmenter, synthesizedModalities);
        _parts = parts;
        _synthesized = [.. synthesizedModalities];
        Modalities = [.. Generator.Modalities.Union(Segmenter.Modalities, StringComparer.Ordinal).Except(_synthesized, StringComparer.Ordinal)];
        (generator, segmenter) = (Generator.Module, Segmenter.Module);
        RegisterComponents();
    }

    /// <summary>Makes the images.</summary>
    public IEncoderDecoder Generator => _parts.Generator;

    /// <summary>Segments from the real and the synthesized images.</summary>
    public IEncoderDecoder Segmenter => _parts.Segmenter;

    /// <inheritdoc/>
    public Module Module => this;

    /// <summary>The real modalities that generator and segmenter need; the synthesized ones are not among them.</summary>
    public IReadOnlyList<string> Modalities { get; }

    /// <summary>Number of output channels of the segmenter.</summary>
    public int OutputChannels => Segmenter.OutputChannels;

    /// <summary>Those of the segmenter.</summary>
    public IReadOnlyList<string> DecoderFeatures => Segmenter.DecoderFeatures;

    /// <summary>The least number of which the size multiples of both networks are divisors.</summary>
    public int SizeMultiple => (int)Euclid.LeastCommonMultiple(Generator.SizeMultiple, Segmenter.SizeMultiple);

    /// <summary>That of both networks.</summary>
    public int SpatialDimensions => Segmenter.SpatialDimensions;

    /// <summary>How to build both; null where only the caller can build one of them.</summary>
    public NetworkRecipe? Recipe => Generator.Recipe is { } ofGenerator && Segmenter.Recipe is { } ofSegmenter
        ? new SynthesisNetworkOptions { Generator = ofGenerator, Segmenter = ofSegmenter, SynthesizedModalities = _synthesized }
        : null;

    /// <summary>
    /// Ends the generator's training: its parameters take no gradient any more and it stays in evaluation mode, whatever mode this network is in.
    /// A checkpoint does not keep this: the generator of a loaded network learns again until you call this once more.
    /// </summary>
    public void FreezeGenerator()
    {
        foreach (TorchSharp.Modules.Parameter parameter in generator.parameters())
            parameter.requires_grad_(false);
        generator.eval();
        _generatorIsFrozen = true;
    }

    /// <inheritdoc/>
    public EncoderOutput Encode(ModalityImages images)
    {
        ArgumentNullException.ThrowIfNull(images);
        // Whatever is missing is noticed before anything runs, and the real image of a synthesized modality is hidden.
        ModalityImages real = images.Only(Modalities);
        Tensor made = Generator.Decode(Generator.Encode(real));
        var synthesized = new ModalityImages(_synthesized.Select((name, channel) => KeyValuePair.Create(name, made.narrow(1, channel, 1))));
        var seen = new ModalityImages(
            Segmenter.Modalities.Select(name => KeyValuePair.Create(name, synthesized.Contains(name) ? synthesized[name] : real[name])));
        return new SynthesisEncoding(Segmenter.Encode(seen), synthesized);
    }

    /// <inheritdoc/>
    public Tensor Decode(EncoderOutput encoding) => Segmenter.Decode(Own(encoding).OfSegmenter);

    /// <inheritdoc/>
    public DecoderOutput DecodeWithFeatures(EncoderOutput encoding, IReadOnlyList<string> names) =>
        Segmenter.DecodeWithFeatures(Own(encoding).OfSegmenter, names);

    /// <summary>The synthesized images, as <see cref="Encode"/> made them.</summary>
    /// <param name="encoding">What <see cref="Encode"/> of this network returned.</param>
    public ModalityImages Reconstruct(EncoderOutput encoding) => Own(encoding).Synthesized;

    /// <inheritdoc/>
    public int? ImageChannels(string modality) =>
        OnnxGraph.Exportable(Generator.Modalities.Contains(modality, StringComparer.Ordinal) ? Generator : Segmenter).ImageChannels(modality);

    /// <inheritdoc/>
    public OnnxValue WriteOnnx(OnnxGraph graph, IReadOnlyDictionary<string, OnnxValue> images)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(images);
        IReadOnlyList<OnnxValue> made = graph.Split(graph.Apply(Generator, images), _synthesized.Count);
        var seen = images.ToDictionary(StringComparer.Ordinal);
        foreach ((string name, OnnxValue image) in _synthesized.Zip(made))
            seen[name] = image;
        return graph.Apply(Segmenter, seen);
    }

    /// <inheritdoc/>
    public override void train(bool train = true)
    {
        base.train(train);
        if (_generatorIsFrozen)
            generator.eval();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Generator.Dispose();
            Segmenter.Dispose();
        }

        base.Dispose(disposing);
    }

    private static (IEncoderDecoder Generator, IEncoderDecoder Segmenter) Build(SynthesisNetworkOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        List<IEncoderDecoder> built = [];
        try
        {
            built.Add(options.Generator.Build());
            built.Add(options.Segmenter.Build());
            Check(built[0], built[1], options.SynthesizedModalities);
            return (built[0], built[1]);
        }
        catch
        {
            built.ForEach(network => network.Dispose());
            throw;
        }
    }

    private static void Check(IEncoderDecoder generator, IEncoderDecoder segmenter, IReadOnlyList<string> synthesized)
    {
        ArgumentNullException.ThrowIfNull(generator);
        ArgumentNullException.ThrowIfNull(segmenter);
        ArgumentNullException.ThrowIfNull(synthesized);
        string names = string.Join(", ", synthesized);
        new OptionFaults(nameof(SynthesisNetwork))
            .Require(
                synthesized.Count > 0 && synthesized.Distinct(StringComparer.Ordinal).Count() == synthesized.Count,
                $"The synthesized modalities must be at least one, each named once, but are: {names}.")
            .Require(
                generator.OutputChannels == synthesized.Count,
                $"The generator has {generator.OutputChannels} output channels, but must have one for each synthesized modality: {names}.")
            .Require(
                !synthesized.Intersect(generator.Modalities, StringComparer.Ordinal).Any(),
                $"The generator sees {string.Join(", ", generator.Modalities)}, but must not see what it synthesizes: {names}.")
            .Require(
                !synthesized.Except(segmenter.Modalities, StringComparer.Ordinal).Any(),
                $"The segmenter sees {string.Join(", ", segmenter.Modalities)}, but must see all that is synthesized: {names}.")
            .Require(
                generator.SpatialDimensions == segmenter.SpatialDimensions,
                "One of the two networks sees slices and the other volumes: both must see the same.")
            .Require(!ReferenceEquals(generator.Module, segmenter.Module), "The generator and the segmenter must be two networks.")
            .ThrowIfAny();
    }

    private static SynthesisEncoding Own(EncoderOutput encoding) => encoding as SynthesisEncoding
        ?? throw new ArgumentException("This encoding comes from another network.", nameof(encoding));

    private sealed class SynthesisEncoding(EncoderOutput ofSegmenter, ModalityImages synthesized) : EncoderOutput(ofSegmenter.Levels)
    {
        public EncoderOutput OfSegmenter => ofSegmenter;

        public ModalityImages Synthesized => synthesized;

        public override EncoderOutput Detach() => new SynthesisEncoding(ofSegmenter.Detach(), synthesized.Select(image => image.detach()));
    }
}
