using TorchSharp.Modules;
using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests;

/// <summary>A network whose features and logits are its parameters, whatever it sees: gradients with respect to both can be computed by hand.</summary>
internal sealed class TensorNetwork : nn.Module<Tensor, Tensor>, IEncoderDecoder
{
    private readonly Parameter logits;
    private readonly Parameter bottleneck;

    public TensorNetwork(Tensor logits, Tensor bottleneck)
        : base(nameof(TensorNetwork))
    {
        this.logits = new Parameter(logits.detach().clone());
        this.bottleneck = new Parameter(bottleneck.detach().clone());
        RegisterComponents();
    }

    public Parameter Logits => logits;

    public Parameter Bottleneck => bottleneck;

    public nn.Module Module => this;

    public IReadOnlyList<string> Modalities => ["t1ce"];

    public int OutputChannels => (int)logits.shape[1];

    public EncoderOutput Encode(ModalityImages images) => new(bottleneck.alias());

    public Tensor Decode(EncoderOutput encoding) => logits.alias();

    public override Tensor forward(Tensor input) => logits.alias();
}
