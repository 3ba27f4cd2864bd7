using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Networks;

/// <summary>
/// What <see cref="UNet"/> and <see cref="MultiResUNet3D"/> share: a block a resolution on the way down with max-pooling between them, a block a resolution on the way up, which doubles the size and
/// joins the skip connection, and a last convolution of size 1 that gives raw logits. As a TorchSharp module it maps the concatenated channels of its modalities to logits.
/// </summary>
public abstract class UShapedNetwork : Module<Tensor, Tensor>, IEncoderDecoder
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
        : base(name)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (_options, _layers) = (options, layers);
        for (int level = 0; level < options.Levels; level++)
            encoder.Add(encoderBlock(level));
        for (int level = options.Levels - 2; level >= 0; level--)
            decoder.Add(decoderBlock(level));
        head = layers.Convolution(shallowestWidth(), options.OutputChannels, 1);
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
    public NetworkRecipe Recipe => _options;

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A modality is missing, or the size or the number of channels does not fit; the message names sizes that would.</exception>
    public EncoderOutput Encode(ModalityImages images)
    {
        ArgumentNullException.ThrowIfNull(images);
        return Encode(images.Concatenate(_options.Modalities));
    }

    /// <inheritdoc/>
    public Tensor Decode(EncoderOutput encoding)
    {
        ArgumentNullException.ThrowIfNull(encoding);
        if (encoding.Levels.Count != _options.Levels)
            throw new ArgumentException($"This network has {_options.Levels} levels, but the encoding has {encoding.Levels.Count}: it comes from another network.", nameof(encoding));

        Tensor features = encoding.Bottleneck;
        for (int level = _options.Levels - 2; level >= 0; level--)
            features = decoder[_options.Levels - 2 - level].call(features, _options.HasSkip(level) ? encoding.Levels[level] : null);
        return head.call(features);
    }

    /// <summary>Logits [N, K, spatial...] of the concatenated channels [N, C, spatial...] of all modalities, in the order of <see cref="Modalities"/>.</summary>
    public override Tensor forward(Tensor input) => Decode(Encode(input));

    private EncoderOutput Encode(Tensor input)
    {
        CheckInput(input);
        var levels = new Tensor[_options.Levels];
        Tensor features = input;
        for (int level = 0; level < levels.Length; level++)
            levels[level] = features = encoder[level].call(level == 0 ? features : _layers.MaxPool(features));
        return new EncoderOutput(levels);
    }

    private void CheckInput(Tensor input)
    {
        int dimensions = _layers.Dimensions;
        long channels = _options.Channels;
        if (input.dim() != dimensions + 2 || input.shape[1] != channels)
            throw new ArgumentException($"{GetName()} needs an input of {dimensions + 2} dimensions with {channels} channels ({string.Join(", ", Modalities)}), but the shape is [{string.Join(", ", input.shape)}].");

        long[] size = input.shape[2..];
        long[] next = [.. size.Select(length => Math.Max(1, (length + SizeMultiple - 1) / SizeMultiple) * SizeMultiple)];
        // A norm cannot normalise a single voxel.
        if (next.All(length => length == SizeMultiple))
            next = [.. next.Select(length => 2 * length)];
        if (!size.SequenceEqual(next))
        {
            throw new ArgumentException($"The spatial size {string.Join("×", size)} does not fit a network of {_options.Levels} levels: each length must be a multiple of {SizeMultiple}, and one at least {2 * SizeMultiple}. The next size that fits is {string.Join("×", next)}: pad or crop the images, or use fewer levels.");
        }
    }
}
