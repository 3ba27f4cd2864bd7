using KnowledgeDistillation.Networks.Layers;
using KnowledgeDistillation.Onnx;
using KnowledgeDistillation.Runtime;
using KnowledgeDistillation.Teachers;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks;

/// <summary>
/// What <see cref="UNet"/> and <see cref="MultiResUNet3D"/> share: one block per resolution on the way down with max-pooling between them,
/// one block per resolution on the way up, which doubles the size and joins the skip connection, and a last convolution of size 1 that gives raw logits.
/// As a TorchSharp module it maps the concatenated channels of its modalities to logits.
/// </summary>
public abstract class UShapedNetwork : Module<Tensor, Tensor>, IEncoderDecoder, IOnnxExportable
{
    private readonly UShapedNetworkOptions _options;
    private readonly SpatialLayers _layers;
    private readonly LevelModules<Module<Tensor, Tensor>> encoder = new();
    private readonly LevelModules<Module<Tensor, Tensor?, Tensor>> decoder = new();
    private readonly Module<Tensor, Tensor> head;

    private protected UShapedNetwork(
        UShapedNetworkOptions options,
        SpatialLayers layers,
        string name,
        Func<int, Module<Tensor, Tensor>> encoderBlock,
        Func<int, Module<Tensor, Tensor?, Tensor>> decoderBlock,
        Func<int> shallowestWidth)
        : base(TorchRuntime.Checked(name))
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (_options, _layers) = (options, layers);
        for (int level = 0; level < options.Levels; level++)
            encoder.Add(encoderBlock(level));
        for (int level = options.Levels - 2; level >= 0; level--)
            decoder.Add(decoderBlock(level));
        head = layers.FullPrecisionHead(shallowestWidth(), options.OutputChannels);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public Module Module => this;

    /// <inheritdoc/>
    public IReadOnlyList<string> Modalities => _options.Modalities;

    /// <inheritdoc/>
    public int OutputChannels => _options.OutputChannels;

    /// <summary>Every spatial size must be a multiple of 2 to the number of poolings: 16 with five levels.</summary>
    public int SizeMultiple => 1 << (_options.Levels - 1);

    /// <inheritdoc/>
    public int SpatialDimensions => _layers.Dimensions;

    /// <inheritdoc/>
    public NetworkRecipe Recipe => _options;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A modality is missing, or the size or the number of channels does not fit;
    /// the message names sizes that would.</exception>
    public EncoderOutput Encode(ModalityImages images)
    {
        ArgumentNullException.ThrowIfNull(images);
        return Encode(images.Concatenate(_options.Modalities));
    }

    /// <summary>What each block on the way up gives: "last", which the last convolution reads, and "level 0" (the same) to the level above the bottleneck.</summary>
    public IReadOnlyList<string> DecoderFeatures => KeptFeatures.NamesOf(_options.Levels);

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
    public int? ImageChannels(string modality) => _options.Channels == Modalities.Count ? 1 : Modalities.Count == 1 ? _options.Channels : null;

    /// <inheritdoc/>
    public OnnxValue WriteOnnx(OnnxGraph graph, IReadOnlyDictionary<string, OnnxValue> images)
    {
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(images);
        var levels = new OnnxValue[_options.Levels];
        OnnxValue input = graph.Concatenate([.. Modalities.Select(name => images[name])]);
        for (int level = 0; level < levels.Length; level++)
            levels[level] = graph.Apply(encoder[level], level == 0 ? input : graph.MaxPool(levels[level - 1]));
        OnnxValue features = levels[^1];
        for (int level = _options.Levels - 2; level >= 0; level--)
        {
            var step = (IOnnxDecoderLevel)decoder[_options.Levels - 2 - level];
            features = step.WriteOnnx(graph, features, _options.HasSkip(level) ? levels[level] : null);
        }

        return graph.Apply(head, features);
    }

    /// <summary>
    /// Replaces the modules of this network's deepest levels by the teacher's own, as the paper tried ("sharing the weights between the Teacher
    /// and the Student in the deepest layers of the networks", paragraph "Observations"): both networks then treat the information there identically.
    /// What is shared is frozen as the teacher is and stays in evaluation mode; the gradient flows through it to the levels above.
    /// </summary>
    /// <remarks>
    /// The N deepest levels are all that works at the N lowest resolutions: N blocks on the way down and the N − 1 on the way up that join them.
    /// Call it before a trainer or an optimizer is made, because the parameters of this network that are replaced are disposed.
    /// Shared modules are disposed with the last network that holds them, so the two may be disposed in any order. Saving this network saves the shared weights
    /// as its own, and the network that is loaded from there shares nothing. Loading weights into this network writes the shared ones too.
    /// </remarks>
    /// <param name="teacher">The teacher, a network of the same type with the same levels, widths and skip connections, on the same device.</param>
    /// <param name="levels">How many levels are shared, from 1 (the bottleneck alone) to one less than this network has,
    /// because the shallowest sees other modalities.</param>
    /// <exception cref="ArgumentException">The teacher is this network, or one of another type, shape, device or element type.
    /// Nothing is changed then.</exception>
    public void ShareDeepestLevels(FrozenTeacher teacher, int levels)
    {
        ArgumentNullException.ThrowIfNull(teacher);
        teacher.CheckIsNot(this);
        if (levels < 1 || levels >= _options.Levels)
            throw new ArgumentOutOfRangeException(nameof(levels), levels, $"From 1 to {_options.Levels - 1} of the {_options.Levels} levels can be shared.");
        if (teacher.Network is not UShapedNetwork other || other.GetType() != GetType())
        {
            throw new ArgumentException(
                $"The teacher '{teacher.Name}' is a {teacher.Network.GetType().Name}, but the student a {GetType().Name}: "
                    + "only networks of one type can share levels.",
                nameof(teacher));
        }

        if (other._options.Levels != _options.Levels)
        {
            throw new ArgumentException(
                $"The teacher '{teacher.Name}' has {other._options.Levels} levels, but the student {_options.Levels}: give both networks the same number.",
                nameof(teacher));
        }

        int first = _options.Levels - levels;
        for (int level = first; level < _options.Levels; level++)
            CheckFits(other.encoder[level], encoder[level], $"encoder.{level}");
        for (int number = 0; number < levels - 1; number++)
            CheckFits(other.decoder[number], decoder[number], $"decoder.{number}");

        for (int level = first; level < _options.Levels; level++)
            encoder.TakeOver(level, other.encoder);
        for (int number = 0; number < levels - 1; number++)
            decoder.TakeOver(number, other.decoder);
    }

    private Tensor Decode(EncoderOutput encoding, KeptFeatures? kept)
    {
        IReadOnlyList<Tensor> levels = EncodedLevels.Of(encoding, _options.Levels);
        Tensor features = levels[^1].alias();
        for (int level = _options.Levels - 2; level >= 0; level--)
        {
            using Tensor deeper = features;
            features = decoder[_options.Levels - 2 - level].call(deeper, _options.HasSkip(level) ? levels[level] : null);
            kept?.Add(level, features);
        }

        using (features)
            return head.CallWide(features);
    }

    private static void CheckFits(Module teachers, Module own, string block)
    {
        Dictionary<string, Tensor> state = teachers.state_dict();
        foreach ((string name, Tensor tensor) in own.state_dict())
        {
            if (!state.TryGetValue(name, out Tensor? teachersTensor) || Describe(teachersTensor) != Describe(tensor))
            {
                throw new ArgumentException($"Levels cannot be shared: {block}.{name} is {Describe(tensor)} in the student, "
                    + $"but {(teachersTensor is null ? "absent" : Describe(teachersTensor))} in the teacher. Give both networks the same widths, "
                    + "skip connections and upsampling, on the same device.");
            }
        }

        static string Describe(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}] ({tensor.dtype}, {tensor.device})";
    }

    private EncoderOutput Encode(Tensor input)
    {
        CheckInput(input);
        var levels = new Tensor[_options.Levels];
        levels[0] = encoder[0].call(input);
        for (int level = 1; level < levels.Length; level++)
        {
            using Tensor pooled = _layers.MaxPool(levels[level - 1]);
            levels[level] = encoder[level].call(pooled);
        }

        return new EncoderOutput(levels);
    }

    private void CheckInput(Tensor input)
    {
        int dimensions = _layers.Dimensions;
        long channels = _options.Channels;
        if (input.dim() != dimensions + 2 || input.shape[1] != channels)
        {
            throw new ArgumentException($"{GetName()} needs an input of {dimensions + 2} dimensions with {channels} channels "
                + $"({string.Join(", ", Modalities)}), but the shape is [{string.Join(", ", input.shape)}].");
        }

        SpatialSize.Check(input.shape[2..], SizeMultiple);
    }
}
