using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Runtime;
using MathNet.Numerics;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks;

/// <summary>
/// The U-Net of nnU-Net v2 (its PlainConvUNet; Isensee et al. 2021) and of MONAI's DynUNet without residual blocks, for volumes [N, C, D, H, W] or slices
/// [N, C, H, W]: at each resolution some convolutions, each followed by instance norm and leaky ReLU 0.01, the first with a stride; on the way up a transposed
/// convolution, the skip connection, some convolutions; a convolution of size 1 gives raw logits. Kernels and strides may differ from axis to axis.
/// A teacher that was trained there gets its weights by <see cref="Storage.ForeignWeights"/>. Heads for deep supervision are left out.
/// </summary>
public sealed class PlainConvUNet : Module<Tensor, Tensor>, IEncoderDecoder, IOnnxExportable
{
    private const double NegativeSlope = 0.01;

    private readonly PlainConvUNetOptions _options;
    private readonly long[] _multiples;
    private readonly ModuleList<Module<Tensor, Tensor>> encoder = [];
    private readonly ModuleList<Module<Tensor, Tensor>> up = [];
    private readonly ModuleList<Module<Tensor, Tensor>> decoder = [];
    private readonly Module<Tensor, Tensor> head;

    /// <summary>Makes the network with random weights.</summary>
    /// <param name="options">How to build it.</param>
    /// <exception cref="ArgumentException">The options are not valid; the message lists every fault.</exception>
    public PlainConvUNet(PlainConvUNetOptions options)
        : base(TorchRuntime.Checked(nameof(PlainConvUNet)))
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _multiples = options.SizeMultiples();
        int stages = options.Features.Count;
        for (int stage = 0; stage < stages; stage++)
        {
            long inputs = stage == 0 ? options.Modalities.Count : options.Features[stage - 1];
            encoder.Add(Stack(options, options.EncoderCount(stage), inputs, stage, options.Stride(stage)));
        }

        for (int step = 0; step < stages - 1; step++)
        {
            int stage = stages - 2 - step;
            long width = options.Features[stage];
            up.Add(new Layers.TransposedConvolution(options.Features[stage + 1], width, options.Stride(stage + 1), options.ConvolutionBias));
            decoder.Add(Stack(options, options.DecoderCount(step), 2 * width, stage, options.WithoutStride()));
        }

        head = new SpatialLayers(options.Dimensions).FullPrecisionHead(options.Features[0], options.OutputChannels);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public Module Module => this;

    /// <inheritdoc/>
    public IReadOnlyList<string> Modalities => _options.Modalities;

    /// <inheritdoc/>
    public int OutputChannels => _options.OutputChannels;

    /// <summary>
    /// The least number that the products of the strides along all axes divide. The network itself takes any size whose
    /// lengths are multiples of their own axis's product.
    /// </summary>
    public int SizeMultiple => (int)Euclid.LeastCommonMultiple(_multiples);

    /// <inheritdoc/>
    public int SpatialDimensions => _options.Dimensions;

    /// <inheritdoc/>
    public NetworkRecipe Recipe => _options;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A modality is missing, or the size or the number of channels does not fit.</exception>
    public EncoderOutput Encode(ModalityImages images)
    {
        ArgumentNullException.ThrowIfNull(images);
        return Encode(images.Concatenate(_options.Modalities));
    }

    /// <summary>
    /// What the convolutions of each stage on the way up give: "last", which the last convolution reads, and "level 0" (the same) to the stage above the
    /// bottleneck.
    /// </summary>
    public IReadOnlyList<string> DecoderFeatures => KeptFeatures.NamesOf(_options.Features.Count);

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
        OnnxValue input = graph.Concatenate([.. Modalities.Select(name => images[name])]);
        for (int stage = 0; stage < levels.Length; stage++)
            levels[stage] = graph.Apply(encoder[stage], stage == 0 ? input : levels[stage - 1]);
        OnnxValue features = levels[^1];
        for (int step = 0; step < decoder.Count; step++)
            features = graph.Apply(decoder[step], graph.Concatenate(graph.Apply(up[step], features), levels[levels.Length - 2 - step]));
        return graph.Apply(head, features);
    }

    // Several units, of which the first has the stride.
    private Tensor Decode(EncoderOutput encoding, KeptFeatures? kept)
    {
        IReadOnlyList<Tensor> levels = EncodedLevels.Of(encoding, encoder.Count);
        Tensor features = levels[^1].alias();
        for (int step = 0; step < decoder.Count; step++)
        {
            int stage = levels.Count - 2 - step;
            using Tensor deeper = features, raised = up[step].call(deeper), joined = cat([raised, levels[stage]], 1);
            features = decoder[step].call(joined);
            kept?.Add(stage, features);
        }

        using (features)
            return head.CallWide(features);
    }

    private static Module<Tensor, Tensor> Stack(PlainConvUNetOptions options, int count, long inputs, int stage, long[] stride)
    {
        int width = options.Features[stage];
        return Sequential(Enumerable.Range(0, count).Select(number => (Module<Tensor, Tensor>)new ConvolutionUnit(
            number == 0 ? inputs : width,
            width,
            options.Kernel(stage),
            number == 0 ? stride : options.WithoutStride(),
            options.ConvolutionBias,
            NegativeSlope)));
    }

    private EncoderOutput Encode(Tensor input)
    {
        CheckInput(input);
        var levels = new Tensor[encoder.Count];
        for (int stage = 0; stage < levels.Length; stage++)
            levels[stage] = encoder[stage].call(stage == 0 ? input : levels[stage - 1]);
        return new EncoderOutput(levels);
    }

    private void CheckInput(Tensor input)
    {
        if (input.dim() != _multiples.Length + 2 || input.shape[1] != Modalities.Count)
        {
            throw new ArgumentException($"{GetName()} needs an input of {_multiples.Length + 2} dimensions with {Modalities.Count} channels "
                + $"({string.Join(", ", Modalities)}), but the shape is [{string.Join(", ", input.shape)}].");
        }

        long[] size = input.shape[2..];
        long[] next = [.. size.Zip(_multiples, (length, multiple) => Math.Max(1, (length + multiple - 1) / multiple) * multiple)];
        // A norm cannot normalize a single voxel.
        if (next.SequenceEqual(_multiples))
            next = [.. next.Select(length => 2 * length)];
        if (!size.SequenceEqual(next))
        {
            throw new ArgumentException($"The spatial size {string.Join("×", size)} does not fit the network: the lengths must be multiples of "
                + $"{string.Join("×", _multiples)}, and one of them greater. The next size that fits is {string.Join("×", next)}: pad or crop the images.");
        }
    }
}
