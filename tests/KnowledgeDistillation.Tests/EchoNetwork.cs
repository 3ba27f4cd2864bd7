using static TorchSharp.torch;

namespace KnowledgeDistillation.Tests;

/// <summary>
/// A network whose reconstruction of "t1ce" is the first channel of its first level, and whose other segmentations are channels of its levels.
/// </summary>
internal sealed class EchoNetwork() : nn.Module(nameof(EchoNetwork)), IReconstructingNetwork, IModalitySegmentingNetwork, IDeeplySupervisedNetwork
{
    public nn.Module Module => this;

    public IReadOnlyList<string> Modalities => ["t1ce"];

    public int OutputChannels => 4;

    public EncoderOutput Encode(ModalityImages images) => throw new NotSupportedException("Its outputs are given by the test.");

    public Tensor Decode(EncoderOutput encoding) => throw new NotSupportedException("Its outputs are given by the test.");

    public ModalityImages Reconstruct(EncoderOutput encoding) => new(("t1ce", encoding.Levels[0].narrow(1, 0, 1)));

    public IReadOnlyDictionary<string, Tensor> SegmentModalities(EncoderOutput encoding) =>
        new Dictionary<string, Tensor> { ["t1ce"] = FourChannels(encoding.Levels[0]) };

    public IReadOnlyList<Tensor> SegmentLevels(EncoderOutput encoding) => [.. encoding.Levels.Select(FourChannels)];

    private static Tensor FourChannels(Tensor level) => cat([level, level], 1).narrow(1, 0, 4);
}
