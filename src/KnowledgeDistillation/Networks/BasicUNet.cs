using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks;

/// <summary>
/// The BasicUNet of MONAI (after Falk et al. 2019) with its default norm, activation and upsampling, for volumes [N, C, D, H, W] or slices [N, C, H, W]: at
/// each of five resolutions two convolutions of size 3, each followed by instance norm with learned scale and offset and leaky ReLU 0.1; max-pooling between
/// the resolutions; on the way up a transposed convolution, the skip connection before it, two convolutions; a convolution of size 1 gives raw logits.
/// A teacher that was trained there gets its weights by <see cref="Storage.ForeignWeights"/> with <see cref="BasicUNetOptions.MonaiNames"/>.
/// </summary>
public sealed class BasicUNet : Module<Tensor, Tensor>, IEncoderDecoder, IOnnxExportable
{
    internal const int Poolings = 4;

    private const int ConvolutionsOfBlock = 2;
    private const double NegativeSlope = 0.1;

    private readonly BasicUNetOptions _options;
    private readonly SpatialLayers _layers;
    private readonly ModuleList<Module<Tensor, Tensor>> encoder = [];
    private readonly ModuleList<Module<Tensor, Tensor>> up = [];
    private readonly ModuleList<Module<Tensor, Tensor>> decoder = [];
    private readonly Module<Tensor, Tensor> head;

    /// <summary>Makes the network with random weights.</summary>
    /// <param name="options">How to build it.</param>
    /// <exception cref="ArgumentException">The options are not valid; the message lists every fault.</exception>
    public BasicUNet(BasicUNetOptions options)
        : base(TorchRuntime.Checked(nameof(BasicUNet)))
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _layers = new SpatialLayers(options.SpatialDimensions);
        IReadOnlyList<int> widths = options.Features;
        for (int stage = 0; stage <= Poolings; stage++)
            encoder.Add(Block(stage == 0 ? options.Modalities.Count : widths[stage - 1], widths[stage]));
        for (int stage = Poolings - 1; stage >= 0; stage--)
        {
            // The finest step keeps the width of what it enlarges, the others halve it.
            int deeper = widths[stage + 1], raised = stage == 0 ? deeper : deeper / 2;
            up.Add(new Layers.TransposedConvolution(_layers.Dimensions, deeper, raised));
            decoder.Add(Block(widths[stage] + raised, stage == 0 ? widths[^1] : widths[stage]));
        }

        head = _layers.FullPrecisionHead(widths[^1], options.OutputChannels);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public Module Module => this;

    /// <inheritdoc/>
    public IReadOnlyList<string> Modalities => _options.Modalities;

    /// <inheritdoc/>
    public int OutputChannels => _options.OutputChannels;

    /// <summary>16: every spatial size must be a multiple of it. (MONAI's repeats the border of other sizes.)</summary>
    public int SizeMultiple => 1 << Poolings;

    /// <inheritdoc/>
    public int SpatialDimensions => _options.SpatialDimensions;

    /// <inheritdoc/>
    public NetworkRecipe Recipe => _options;

    /// <summary>What each block on the way up gives: "last", which the last convolution reads, and "level 0" (the same) to "level 3".</summary>
    public IReadOnlyList<string> DecoderFeatures => KeptFeatures.NamesOf(Poolings + 1);

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
        var levels = new OnnxValue[Poolings + 1];
        OnnxValue input = graph.Concatenate([.. Modalities.Select(name => images[name])]);
        for (int stage = 0; stage < levels.Length; stage++)
            levels[stage] = graph.Apply(encoder[stage], stage == 0 ? input : graph.MaxPool(levels[stage - 1]));
        OnnxValue features = levels[^1];
        for (int step = 0; step < Poolings; step++)
            features = graph.Apply(decoder[step], graph.Concatenate(levels[Poolings - 1 - step], graph.Apply(up[step], features)));
        return graph.Apply(head, features);
    }

    private Module<Tensor, Tensor> Block(int inputs, int outputs)
    {
        long[] kernel = [.. Enumerable.Repeat(3L, _layers.Dimensions)], stride = [.. Enumerable.Repeat(1L, _layers.Dimensions)];
        return Sequential(Enumerable.Range(0, ConvolutionsOfBlock).Select(number => (Module<Tensor, Tensor>)new ConvolutionUnit(
            number == 0 ? inputs : outputs, outputs, kernel, stride, _options.ConvolutionBias, NegativeSlope)));
    }

    private EncoderOutput Encode(Tensor input)
    {
        int dimensions = _layers.Dimensions;
        if (input.dim() != dimensions + 2 || input.shape[1] != Modalities.Count)
        {
            throw new ArgumentException($"{GetName()} needs an input of {dimensions + 2} dimensions with {Modalities.Count} channels "
                + $"({string.Join(", ", Modalities)}), but the shape is [{string.Join(", ", input.shape)}].");
        }

        SpatialSize.Check(input.shape[2..], SizeMultiple);
        var levels = new Tensor[Poolings + 1];
        levels[0] = encoder[0].call(input);
        for (int stage = 1; stage < levels.Length; stage++)
        {
            using Tensor pooled = _layers.MaxPool(levels[stage - 1]);
            levels[stage] = encoder[stage].call(pooled);
        }

        return new EncoderOutput(levels);
    }

    private Tensor Decode(EncoderOutput encoding, KeptFeatures? kept)
    {
        IReadOnlyList<Tensor> levels = EncodedLevels.Of(encoding, Poolings + 1);
        Tensor features = levels[^1].alias();
        for (int step = 0; step < Poolings; step++)
        {
            int stage = Poolings - 1 - step;
            using Tensor deeper = features, raised = up[step].call(deeper), joined = cat([levels[stage], raised], 1);
            features = decoder[step].call(joined);
            kept?.Add(stage, features);
        }

        using (features)
            return head.CallWide(features);
    }
}
