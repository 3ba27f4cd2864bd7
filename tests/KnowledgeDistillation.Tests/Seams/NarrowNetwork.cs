using KnowledgeDistillation.Runtime;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace KnowledgeDistillation.Tests.Seams;

/// <summary>A network of a user's own that takes part in mixed precision, and remembers in which types it computed.</summary>
internal sealed class NarrowNetwork : Module, IEncoderDecoder
{
    private readonly Module<Tensor, Tensor> encoder;
    private readonly Module<Tensor, Tensor> head;

    public NarrowNetwork(params string[] modalities)
        : base(nameof(NarrowNetwork))
    {
        Modalities = modalities;
        encoder = new NarrowConvolution(modalities.Length, 4);
        head = Conv3d(4, 2, 1);
        RegisterComponents();
    }

    public Module Module => this;

    public IReadOnlyList<string> Modalities { get; }

    public int OutputChannels => 2;

    public HashSet<ScalarType> Seen { get; } = [];

    public EncoderOutput Encode(ModalityImages images)
    {
        Tensor features = encoder.call(images.Concatenate(Modalities)).relu();
        Seen.Add(features.dtype);
        return new EncoderOutput(features);
    }

    public Tensor Decode(EncoderOutput encoding) => head.call(ReducedPrecision.Widen(encoding.Bottleneck));
}
