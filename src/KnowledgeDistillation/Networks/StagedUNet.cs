using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks;

/// <summary>
/// What the U-Nets of other frameworks share, <see cref="PlainConvUNet"/> and <see cref="BasicUNet"/>: a stack of convolutions per resolution on the way down;
/// on the way up a transposed convolution, the skip connection and a stack of convolutions; a convolution of size 1 that gives raw logits.
/// As a TorchSharp module it maps the concatenated channels of its modalities to logits.
/// </summary>
public abstract class StagedUNet : Module<Tensor, Tensor>, IEncoderDecoder, IOnnxExportable
{
    private readonly SpatialLayers _layers;
    private readonly ModuleList<Module<Tensor, Tensor>> encoder = [];
    private readonly ModuleList<Module<Tensor, Tensor>> up = [];
    private readonly ModuleList<Module<Tensor, Tensor>> decoder = [];
    private readonly Module<Tensor, Tensor> head;

    /// <param name="name">The name of the network's type, which has passed <see cref="TorchRuntime.Checked"/>.</param>
    /// <param name="recipe">How to build it.</param>
    /// <param name="modalities">What it sees, in the order of its channels.</param>
    /// <param name="dimensions">Number of spatial axes.</param>
    /// <param name="stacks">The stacks on the way down, finest first.</param>
    /// <param name="steps">The steps on the way up, deepest first: a transposed convolution and a stack.</param>
    /// <param name="lastWidth">The channels that the last convolution reads.</param>
    /// <param name="outputChannels">The channels that it gives.</param>
    private protected StagedUNet(
        string name,
        NetworkRecipe recipe,
        IReadOnlyList<string> modalities,
        int dimensions,
        IEnumerable<Module<Tensor, Tensor>> stacks,
        IEnumerable<(Module<Tensor, Tensor> Raise, Module<Tensor, Tensor> Stack)> steps,
        int lastWidth,
        int outputChannels)
        : base(name)
    {
        (Recipe, Modalities, OutputChannels, _layers) = (recipe, modalities, outputChannels, new SpatialLayers(dimensions));
        foreach (Module<Tensor, Tensor> stack in stacks)
            encoder.Add(stack);
        foreach ((Module<Tensor, Tensor> raise, Module<Tensor, Tensor> stack) in steps)
        {
            up.Add(raise);
            decoder.Add(stack);
        }

        head = _layers.FullPrecisionHead(lastWidth, outputChannels);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public Module Module => this;

    /// <inheritdoc/>
    public IReadOnlyList<string> Modalities { get; }

    /// <inheritdoc/>
    public int OutputChannels { get; }

    /// <inheritdoc/>
    public abstract int SizeMultiple { get; }

    /// <inheritdoc/>
    public int SpatialDimensions => _layers.Dimensions;

    /// <inheritdoc/>
    public NetworkRecipe Recipe { get; }

    /// <summary>
    /// What the convolutions of each stage on the way up give: "last", which the last convolution reads, and "level 0" (the same) to the stage above the
    /// bottleneck.
    /// </summary>
    public IReadOnlyList<string> DecoderFeatures => KeptFeatures.NamesOf(encoder.Count);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A modality is missing, or the size or the number of channels does not fit.</exception>
    public EncoderOutput Encode(ModalityImages images)
    {
        ArgumentNullException.ThrowIfNull(images);
        return Encode(images.Concatenate(Modalities));
    }

    /// <inheritdoc/>
    public Tensor Decode(EncoderOutput encoding) => Decode(encoding, null);

    /// <inheritdoc/>
    public DecoderOutput DecodeWithFeatures(EncoderOutput encoding, IReadOnlyList<string> names)
    {
        var kept = new KeptFeatures(names);
        return new DecoderOutput(Decode(encoding, kept), kept.ByName);
    }

    /// <summary>
    /// Logits [N, K, spatial...] of the concatenated channels [N, C, spatial...] of all modalities, in the order of <see cref="Modalities"/>.
    /// </summary>
    public override Tensor forward(Tensor input) => Decode(Encode(input));

    /// <inheritdoc/>
    public OnnxValue WriteOnnx(OnnxGraph graph, IReadOnlyDictionary<string, OnnxValue> images)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(images);
        var levels = new OnnxValue[encoder.Count];
        levels[0] = graph.Apply(encoder[0], graph.Concatenate([.. Modalities.Select(name => images[name])]));
        for (int stage = 1; stage < levels.Length; stage++)
            levels[stage] = graph.Apply(encoder[stage], PoolsBetweenStages ? graph.MaxPool(levels[stage - 1]) : levels[stage - 1]);
        OnnxValue features = levels[^1];
        for (int step = 0; step < decoder.Count; step++)
        {
            OnnxValue raised = graph.Apply(up[step], features), skip = levels[levels.Length - 2 - step];
            features = graph.Apply(decoder[step], SkipComesFirst ? graph.Concatenate(skip, raised) : graph.Concatenate(raised, skip));
        }

        return graph.Apply(head, features);
    }

    /// <summary>Whether resolutions are halved by max-pooling between the stacks; otherwise a stack has a stride.</summary>
    private protected abstract bool PoolsBetweenStages { get; }

    /// <summary>Whether the channels of a skip connection come before those from below.</summary>
    private protected abstract bool SkipComesFirst { get; }

    /// <summary>Refuses a spatial size that does not fit, naming one that does.</summary>
    private protected abstract void CheckSize(long[] size);

    private EncoderOutput Encode(Tensor input)
    {
        if (input.dim() != SpatialDimensions + 2 || input.shape[1] != Modalities.Count)
        {
            throw new ArgumentException($"{GetName()} needs an input of {SpatialDimensions + 2} dimensions with {Modalities.Count} channels "
                + $"({string.Join(", ", Modalities)}), but the shape is [{string.Join(", ", input.shape)}].");
        }

        CheckSize(input.shape[2..]);
        var levels = new Tensor[encoder.Count];
        levels[0] = encoder[0].call(input);
        for (int stage = 1; stage < levels.Length; stage++)
        {
            using Tensor? pooled = PoolsBetweenStages ? _layers.MaxPool(levels[stage - 1]) : null;
            levels[stage] = encoder[stage].call(pooled ?? levels[stage - 1]);
        }

        return new EncoderOutput(levels);
    }

    private Tensor Decode(EncoderOutput encoding, KeptFeatures? kept)
    {
        IReadOnlyList<Tensor> levels = EncodedLevels.Of(encoding, encoder.Count);
        Tensor features = levels[^1].alias();
        for (int step = 0; step < decoder.Count; step++)
        {
            int stage = levels.Count - 2 - step;
            using Tensor deeper = features, raised = up[step].call(deeper);
            using Tensor joined = cat(SkipComesFirst ? [levels[stage], raised] : [raised, levels[stage]], 1);
            features = decoder[step].call(joined);
            kept?.Add(stage, features);
        }

        using (features)
            return head.CallWide(features);
    }
}
