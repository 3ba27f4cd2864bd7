using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Tests.Seams;

/// <summary>A network of a user's own for slices, without a recipe.</summary>
internal sealed class SliceNetwork : Module, IEncoderDecoder
{
    private readonly Module<Tensor, Tensor> encoder = Conv2d(1, 4, 3, padding: 1);
    private readonly Module<Tensor, Tensor> decoder = Conv2d(4, 2, 1);

    public SliceNetwork()
        : base(nameof(SliceNetwork)) => RegisterComponents();

    public Module Module => this;

    public IReadOnlyList<string> Modalities => ["faint"];

    public int OutputChannels => 2;

    public int SpatialDimensions => 2;

    public EncoderOutput Encode(ModalityImages images) => new(encoder.call(images.Concatenate(Modalities)).relu());

    public Tensor Decode(EncoderOutput encoding) => decoder.call(encoding.Bottleneck);
}
