using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Tests.Seams;

/// <summary>A network that implements the seam itself: encoder and decoder run apart.</summary>
internal sealed class SmallNetwork : Module, IEncoderDecoder
{
    private readonly SmallNetworkOptions _options;
    private readonly Module<Tensor, Tensor> shallow;
    private readonly Module<Tensor, Tensor> deep;
    private readonly Module<Tensor, Tensor> rise;
    private readonly Module<Tensor, Tensor> head;

    public SmallNetwork(SmallNetworkOptions options)
        : base(nameof(SmallNetwork))
    {
        _options = options;
        shallow = Sequential(Conv3d(options.Modalities.Count, options.Width, 3, padding: 1), ReLU());
        deep = Sequential(MaxPool3d(2), Conv3d(options.Width, 2 * options.Width, 3, padding: 1), ReLU());
        rise = ConvTranspose3d(2 * options.Width, options.Width, 2, stride: 2);
        head = Conv3d(2 * options.Width, options.OutputChannels, 1);
        RegisterComponents();
    }

    public Module Module => this;

    public IReadOnlyList<string> Modalities => _options.Modalities;

    public int OutputChannels => _options.OutputChannels;

    public int SizeMultiple => 2;

    public NetworkRecipe Recipe => _options;

    public EncoderOutput Encode(ModalityImages images)
    {
        Tensor features = shallow.call(images.Concatenate(Modalities));
        return new EncoderOutput(features, deep.call(features));
    }

    public Tensor Decode(EncoderOutput encoding) => head.call(Joined(encoding));

    public IReadOnlyList<string> DecoderFeatures => [DecoderFeatureNames.Last];

    public DecoderOutput DecodeWithFeatures(EncoderOutput encoding, IReadOnlyList<string> names)
    {
        Tensor joined = Joined(encoding);
        return new DecoderOutput(head.call(joined), new Dictionary<string, Tensor> { [DecoderFeatureNames.Last] = joined });
    }

    private Tensor Joined(EncoderOutput encoding) => cat([rise.call(encoding.Bottleneck), encoding.Levels[0]], 1);
}
