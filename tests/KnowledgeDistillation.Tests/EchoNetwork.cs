using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests;

/// <summary>A network whose reconstruction of "t1ce" is the first channel of its first level.</summary>
internal sealed class EchoNetwork() : nn.Module(nameof(EchoNetwork)), IReconstructingNetwork
{
    public nn.Module Module => this;

    public IReadOnlyList<string> Modalities => ["t1ce"];

    public int OutputChannels => 4;

    public EncoderOutput Encode(ModalityImages images) => throw new NotSupportedException("Its outputs are given by the test.");

    public Tensor Decode(EncoderOutput encoding) => throw new NotSupportedException("Its outputs are given by the test.");

    public ModalityImages Reconstruct(EncoderOutput encoding) => new(("t1ce", encoding.Levels[0].narrow(1, 0, 1)));
}
